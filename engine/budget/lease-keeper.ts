/**
 * Gets leases for all accounts of one process and brings them back. It owns no money: who asks hears about each lease by a
 * callback (an actor mails it to itself). One account, one grant under way:
 *
 *            granted                 live
 *   grant ------------> confirm ------------> onLease
 *    ^  | no-tranche       | fenced
 *    |  v                  v
 *   open tranche,        fence the store's tranche,
 *   install it           then as if there were none
 *
 * The store is asked again with the same request id when its answer was lost, the ledger with the same grant, so nothing
 * is taken twice. A lease is spent from once the ledger has said that it is live; its term counts from the first asking,
 * so no delay of a network can stretch it. Store away: held leases are spent, then there are none. Ledger away: the same.
 */
import type { BudgetLedger, LeaseGrant, TrancheRefusal } from '../ports/budget-ledger.ts';
import type { BudgetStore, GrantResult, LeaseWanted } from '../ports/budget-store.ts';
import type { Clock, Timers } from '../ports/clock.ts';
import { CallGate } from './call-gate.ts';
import { Confirmations } from './confirmations.ts';
import type { LeaseNeed, LeaseOver, LiveLease, NoLease } from './lease.ts';
import { LeaseReturns } from './lease-returns.ts';
import { trancheAmount } from './lease-size.ts';

export interface LeaseKeeperOptions {
  /** Unique among processes and restarts: leases of a dead process are not ours. */
  readonly processId: string;
  readonly store: BudgetStore;
  readonly ledger: Pick<BudgetLedger, 'openTranche' | 'confirmLeases' | 'closeLeases'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Unique for ever. */
  readonly newRequestId: () => string;
  readonly limits: LeaseKeeperLimits;
  readonly onLease: (lease: LiveLease) => void;
  readonly onNoLease: (accountId: string, reason: NoLease) => void;
  readonly observer: LeaseKeeperObserver;
}

export interface LeaseKeeperLimits {
  readonly storeCallsMax: number;
  /** Tranches that are opened at once. */
  readonly ledgerCallsMax: number;
  /** Grants, or leases that go back, in one transaction of the ledger. */
  readonly ledgerBatchMax: number;
  /** Leases on their way back; beyond, the ledger takes them back by itself, later. */
  readonly returnsMax: number;
  /** Leases that are over within so long go back together. */
  readonly returnGatherMs: number;
  readonly returnRetryMs: number;
}

export const LEASE_KEEPER_LIMITS: LeaseKeeperLimits = {
  storeCallsMax: 64,
  ledgerCallsMax: 8,
  ledgerBatchMax: 256,
  returnsMax: 100_000,
  returnGatherMs: 500,
  returnRetryMs: 500,
};

export type LeaseOperation = 'obtain' | 'close' | 'leave';

export interface LeaseKeeperObserver {
  /** A call to store or ledger rejected; it is made again. */
  readonly onFault: (operation: LeaseOperation, error: unknown) => void;
  /** Granted, and not confirmed: the store has lost data, or its tranche was closed meanwhile (by the next, a cut, a pause). */
  readonly onFenced: (grant: LeaseGrant) => void;
  readonly onReturnDropped: () => void;
}

/** An asking whose answer is not known yet. */
interface Asking {
  readonly wanted: LeaseWanted;
  /** First time with this request id, monotonic ms. */
  readonly askedAtMs: number;
  /** Null: not known to be granted. */
  readonly grant: LeaseGrant | null;
}

/** Of grant and confirmation before an account waits for its next turn: a lost store needs two. */
const ROUNDS_MAX = 4;

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #storeGate: CallGate;
  readonly #ledgerGate: CallGate;
  readonly #confirmations: Confirmations;
  readonly #returns: LeaseReturns;
  /** Accounts that are being asked for. */
  readonly #obtaining = new Map<string, Promise<void>>();
  /** Left by a fault, for the next turn. */
  readonly #askings = new Map<string, Asking>();
  /** Newest tranche that was in the store, by account: one that the store does not know any more is lost. */
  readonly #epochs = new Map<string, number>();
  #isStopped = false;

  constructor(options: LeaseKeeperOptions) {
    const { ledger, clock, limits, observer } = options;
    this.#options = options;
    this.#storeGate = new CallGate(limits.storeCallsMax);
    this.#ledgerGate = new CallGate(limits.ledgerCallsMax);
    this.#confirmations = new Confirmations(ledger, clock, limits.ledgerBatchMax);
    this.#returns = new LeaseReturns({
      ledger,
      timers: options.timers,
      newRequestId: options.newRequestId,
      lengthMax: limits.returnsMax,
      batchMax: limits.ledgerBatchMax,
      gatherMs: limits.returnGatherMs,
      retryMs: limits.returnRetryMs,
      onFault: (error) => observer.onFault('close', error),
      onDropped: observer.onReturnDropped,
    });
  }

  /** Answers by `onLease` or `onNoLease`, once. An account has one asking under way; a second one is a programmer's error. */
  obtain(need: LeaseNeed): void {
    const { accountId } = need;
    if (this.#obtaining.has(accountId)) throw new Error(`account ${accountId} is being asked for`);
    this.#obtaining.set(accountId, this.#obtain(need));
  }

  giveBack(over: LeaseOver): void {
    this.#returns.giveBack(over);
  }

  /** The account is of no more interest here. Best effort: what is not said fades. */
  leave(accountId: string): void {
    this.#epochs.delete(accountId);
    if (!this.#obtaining.has(accountId)) void this.#dropAsking(accountId);
    this.#options.store
      .leave(accountId, this.#options.processId)
      .catch((error: unknown) => this.#options.observer.onFault('leave', error));
  }

  /** Leases on their way back. */
  get returning(): number {
    return this.#returns.count;
  }

  /** Hands out nothing more. Resolves when all leases are back, or after so long: the ledger has the rest back later. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopped = true;
    const { timers } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = timers.schedule(withinMs, resolve);
      void this.#bringBack().then(() => {
        timers.cancel(timer);
        resolve();
      });
    });
    this.#returns.giveUp();
  }

  async #bringBack(): Promise<void> {
    await Promise.all(this.#obtaining.values());
    await Promise.all([...this.#askings.keys()].map((accountId) => this.#dropAsking(accountId)));
    await this.#returns.whenEmpty();
  }

  async #obtain(need: LeaseNeed): Promise<void> {
    const { accountId } = need;
    let answer: LiveLease | NoLease;
    try {
      answer = await this.#lease(need);
    } catch (error) {
      this.#options.observer.onFault('obtain', error);
      answer = 'unavailable';
    }
    this.#obtaining.delete(accountId);
    if (typeof answer === 'string') this.#options.onNoLease(accountId, answer);
    else if (this.#isStopped) this.#refuseLate(answer);
    else this.#options.onLease(answer);
  }

  #refuseLate({ accountId, epoch, sequence, amount }: LiveLease): void {
    this.#returns.giveBack({ accountId, epoch, sequence, unspent: amount });
    this.#options.onNoLease(accountId, 'unavailable');
  }

  async #lease(need: LeaseNeed): Promise<LiveLease | NoLease> {
    const { accountId } = need;
    for (let round = 0; round < ROUNDS_MAX && !this.#isStopped; round++) {
      const asking = this.#askingFor(need);
      const result = asking.grant ?? (await this.#grant(asking));
      if ('kind' in result) {
        const refusal = await this.#openTranche(need, result);
        if (refusal !== null) return refusal;
        continue;
      }
      const { confirmation, askedAtMs } = await this.#confirmations.confirm(result);
      this.#askings.delete(accountId);
      if (confirmation.kind !== 'live') {
        if (confirmation.kind === 'fenced') this.#options.observer.onFenced(result);
        await this.#storeGate.run(() => this.#options.store.fence(accountId, result.epoch));
        continue;
      }
      const { epoch, sequence, amount } = result;
      const endsAtMs = Math.min(asking.askedAtMs + result.termMs, askedAtMs + confirmation.termMs);
      return { accountId, epoch, sequence, amount, endsAtMs };
    }
    return this.#isStopped ? 'unavailable' : 'fenced';
  }

  /** The one before, while its lease would still be worth having: its answer was lost. */
  #askingFor({ accountId, amount, amountMin, termMs }: LeaseNeed): Asking {
    const nowMs = this.#options.clock.monotonicMs();
    const before = this.#askings.get(accountId);
    if (before !== undefined && nowMs < before.askedAtMs + before.wanted.termMs / 2) return before;
    void this.#dropAsking(accountId);
    const { processId, newRequestId } = this.#options;
    const wanted = { requestId: newRequestId(), accountId, processId, amount, amountMin, termMs };
    const asking: Asking = { wanted, askedAtMs: nowMs, grant: null };
    this.#askings.set(accountId, asking);
    return asking;
  }

  async #grant(asking: Asking): Promise<LeaseGrant | Extract<GrantResult, { kind: 'no-tranche' }>> {
    const { wanted } = asking;
    const result = await this.#storeGate.run(() => this.#options.store.grant(wanted));
    if (result.kind === 'no-tranche') return result;
    this.#know(wanted.accountId, result.grant.epoch);
    this.#askings.set(wanted.accountId, { ...asking, grant: result.grant });
    return result.grant;
  }

  async #openTranche(
    { accountId, amount, amountMin }: LeaseNeed,
    { epoch, demand }: { readonly epoch: number; readonly demand: number },
  ): Promise<TrancheRefusal | null> {
    const { ledger, store } = this.#options;
    const tranche = await this.#ledgerGate.run(() =>
      ledger.openTranche({
        accountId,
        amount: trancheAmount(Math.max(amount, demand)),
        amountMin,
        afterEpoch: Math.max(epoch, this.#epochs.get(accountId) ?? 0),
      }),
    );
    if (typeof tranche === 'string') return tranche;
    await this.#storeGate.run(() => store.install(tranche));
    this.#know(accountId, tranche.epoch);
    return null;
  }

  #know(accountId: string, epoch: number): void {
    if (epoch > (this.#epochs.get(accountId) ?? 0)) this.#epochs.set(accountId, epoch);
  }

  /**
   * A grant that may have been confirmed, without our knowing, goes back whole. The ledger is asked first: a store that lost
   * data gives one key twice, and the lease of that key may be another's.
   */
  async #dropAsking(accountId: string): Promise<void> {
    const grant = this.#askings.get(accountId)?.grant ?? null;
    this.#askings.delete(accountId);
    if (grant === null) return;
    try {
      const { confirmation } = await this.#confirmations.confirm(grant);
      const { epoch, sequence, amount } = grant;
      if (confirmation.kind === 'live') this.#returns.giveBack({ accountId, epoch, sequence, unspent: amount });
    } catch (error) {
      this.#options.observer.onFault('close', error);
    }
  }
}
