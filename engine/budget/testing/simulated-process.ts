/** One engine process as far as budgets go: accounts, keeper, traffic, and the impressions that follow. */
import type { SeededRandom } from '../../../simulator/random.ts';
import { reservationsOf } from '../../desk/event-reservations.ts';
import type { AuctionEvent } from '../../exchange/auction-event.ts';
import type {
  BillResult,
  BudgetLedger,
  LeaseConfirmation,
  LeaseGrant,
  Reservation,
} from '../../ports/budget-ledger.ts';
import { type BudgetStore, BudgetStoreError } from '../../ports/budget-store.ts';
import type { LiveLease } from '../lease.ts';
import { LEASE_KEEPER_LIMITS, LeaseKeeper } from '../lease-keeper.ts';
import type { LeasePolicy } from '../lease-policy.ts';
import { LocalAccount, type LocalReservation } from '../local-account.ts';
import { ReservationOutbox } from '../reservation-outbox.ts';
import type { LinkFaults } from './unreliable-link.ts';
import { storeBehind, UnreliableLink } from './unreliable-link.ts';
import type { VirtualTime } from './virtual-time.ts';
import { type Break, WORLD } from './world-options.ts';

export interface SimulatedProcessOptions {
  readonly processId: string;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly store: BudgetStore;
  readonly ledger: Pick<BudgetLedger, 'openTranche' | 'confirmLeases' | 'closeLeases' | 'reserve'>;
  readonly faults: () => LinkFaults;
  readonly isStoreDown: () => boolean;
  readonly isLedgerDown: () => boolean;
  readonly accountIds: readonly string[];
  readonly policy: LeasePolicy;
  readonly planted: Break | null;
  /** What came of reports that had come before these were told. */
  readonly onBilled?: (told: readonly Reservation[], bills: readonly BillResult[]) => void;
}

const OUTBOX = { lengthMax: 10_000, batchMax: 20, gatherMs: 20, retryMs: 250 };

export class SimulatedProcess {
  readonly id: string;
  readonly accounts = new Map<string, LocalAccount>();
  isAlive = true;
  /** The wall clock is wrong by so much. Nothing may depend on it. */
  wallSkewMs: number;
  /** As the event log has it: won, served, and not known to be told. */
  readonly untold = new Map<string, Reservation>();
  readonly #outbox: ReservationOutbox;
  readonly #options: SimulatedProcessOptions;
  readonly #ledgerLink: UnreliableLink;
  readonly #keeper: LeaseKeeper;
  /** The monotonic clock begins anywhere and is a little fast or slow. */
  readonly #bornAtMs: number;
  readonly #clockStartMs: number;
  readonly #clockRate: number;
  #requests = 0;

  constructor(options: SimulatedProcessOptions) {
    const { random, time, accountIds } = options;
    this.id = options.processId;
    this.#options = options;
    this.#bornAtMs = time.nowMs;
    this.#clockStartMs = random.uniform(0, 1e9);
    this.#clockRate = random.uniform(0.999, 1.001);
    this.wallSkewMs = random.uniform(-3_600_000, 3_600_000);
    this.#ledgerLink = this.#link('ledger', WORLD.ledgerTimeoutMs, options.isLedgerDown);
    this.#keeper = this.#createKeeper();
    this.#outbox = this.#createOutbox();
    for (const accountId of accountIds) {
      this.accounts.set(accountId, new LocalAccount(accountId, WORLD.priceMax, options.policy, this.nowMs()));
    }
    this.#tick();
  }

  nowMs(): number {
    return this.#clockStartMs + (this.#options.time.nowMs - this.#bornAtMs) * this.#clockRate;
  }

  wallMs(): number {
    return this.#options.time.nowMs + this.wallSkewMs;
  }

  /** Behind the answer of its auction: the ledger is told. */
  served({ key, amount, lease: { accountId, epoch, sequence } }: LocalReservation): void {
    const reservation = { accountId, epoch, sequence, key, amount, heldMs: WORLD.lapseMs, bidIndex: 0 };
    const event = { atMs: this.wallMs(), reservations: [reservation], features: { publisherId: 'publisher' } };
    for (const each of reservationsOf(event as unknown as AuctionEvent, [])) this.#tell(each);
  }

  /** At its start: what one before it had served and not told. */
  recover({ untold }: SimulatedProcess): void {
    for (const reservation of untold.values()) this.#tell(reservation);
  }

  #tell(reservation: Reservation): void {
    this.untold.set(reservation.key, reservation);
    this.#outbox.add(reservation);
  }

  crash(): void {
    this.isAlive = false;
  }

  /** Gives everything back, as a process does that is told to stop. */
  async stop(withinMs: number): Promise<void> {
    await this.#outbox.whenTold(withinMs).catch(() => {});
    for (const account of this.accounts.values()) account.drain();
    this.#settle();
    await this.#keeper.stop(withinMs);
    this.isAlive = false;
  }

  #tick(): void {
    if (!this.isAlive) return;
    this.#settle();
    for (const account of this.accounts.values()) {
      const need = account.need(this.nowMs());
      if (need !== null) this.#keeper.obtain(need);
    }
    this.#options.time.schedule(WORLD.tickMs, () => this.#tick());
  }

  #settle(): void {
    for (const account of this.accounts.values()) {
      for (const over of account.settle(this.nowMs())) {
        this.#keeper.giveBack(over);
        const isKept = this.#options.planted === 'spend-after-return';
        if (isKept) this.#plant(account, { ...over, amount: over.unspent, endsAtMs: this.nowMs() + 10_000 });
      }
    }
  }

  #createOutbox(): ReservationOutbox {
    const { time, ledger, onBilled } = this.#options;
    return new ReservationOutbox({
      ...OUTBOX,
      ledger: {
        reserve: (batch) =>
          this.isAlive ? this.#ledgerLink.call(() => ledger.reserve(batch)) : new Promise<never>(() => {}),
      },
      timers: time,
      onTold: (told, bills) => {
        for (const { accountId, key } of told) {
          this.untold.delete(key);
          this.accounts.get(accountId)?.bill(key);
        }
        onBilled?.(told, bills);
      },
      onFault: () => {},
      onSetAside: (_reservation, error) => {
        throw error;
      },
    });
  }

  #createKeeper(): LeaseKeeper {
    const { time, processId, planted } = this.#options;
    const storeLink = this.#link('store', WORLD.storeTimeoutMs, this.#options.isStoreDown);
    const ledgerLink = this.#ledgerLink;
    const { store, ledger } = this.#options;
    return new LeaseKeeper({
      processId,
      store: storeBehind(storeLink, store),
      ledger: {
        openTranche: (wanted) => ledgerLink.call(() => ledger.openTranche(wanted)),
        confirmLeases: (grants) => ledgerLink.call(() => this.#confirm(grants)),
        closeLeases: (returns) =>
          ledgerLink.call(() => (planted === 'lose-returns' ? Promise.resolve() : ledger.closeLeases(returns))),
      },
      clock: { wallMs: () => this.wallMs(), monotonicMs: () => this.nowMs() },
      timers: time,
      newRequestId: () => `${processId}/${this.#requests++}`,
      limits: { ...LEASE_KEEPER_LIMITS, ledgerBatchMax: 2 },
      onLease: (lease) => this.#onLease(lease),
      onNoLease: (accountId, reason) => {
        if (this.isAlive) this.accounts.get(accountId)!.refused(reason, this.nowMs());
      },
      observer: { onFault: () => {}, onFenced: () => {}, onReturnDropped: () => {} },
    });
  }

  async #confirm(grants: readonly LeaseGrant[]): Promise<readonly LeaseConfirmation[]> {
    const { ledger, planted } = this.#options;
    const live = grants.map(({ termMs }) => ({ kind: 'live', termMs }) as const);
    if (planted === 'skip-confirmation') return live;
    const confirmations = await ledger.confirmLeases(grants);
    if (planted !== 'ignore-day') return confirmations;
    return confirmations.map((confirmation, index) => (confirmation.kind === 'live' ? live[index]! : confirmation));
  }

  #onLease(lease: LiveLease): void {
    if (!this.isAlive) return;
    const account = this.accounts.get(lease.accountId)!;
    account.accept({ ...lease, endsAtMs: this.#plantedEnd(lease) }, this.nowMs());
    if (this.#options.planted === 'spend-twice') this.#plant(account, lease);
  }

  #plantedEnd({ endsAtMs }: LiveLease): number {
    const { planted, policy } = this.#options;
    if (planted === 'ignore-expiry') return endsAtMs + 1e9;
    return planted === 'count-from-answer' ? this.nowMs() + policy.termMs : endsAtMs;
  }

  /** A lease that nobody asked for. */
  #plant(account: LocalAccount, lease: LiveLease): void {
    if (account.need(this.nowMs()) === null) return;
    account.accept(lease, this.nowMs());
  }

  #link(name: string, timeoutMs: number, isDown: () => boolean): UnreliableLink {
    const { time, random, faults } = this.#options;
    return new UnreliableLink({
      time,
      random: random.fork(name),
      delayMs: WORLD.delayMs,
      timeoutMs,
      faults,
      isDown,
      isCallerGone: () => !this.isAlive,
      error: (message) => new BudgetStoreError('unavailable', message),
    });
  }
}
