/**
 * BudgetStore in this process, for an engine that runs alone. It writes nothing: every tranche and every lease stands in the
 * ledger before it is spent from, so after a kill it is empty like a Redis that was flushed, and filled the same way.
 */
import { LRUCache } from 'lru-cache';
import { leaseAmount } from '../../engine/budget/lease-size.ts';
import type { LeaseGrant, Tranche } from '../../engine/ports/budget-ledger.ts';
import {
  type BudgetStore,
  BudgetStoreError,
  type GrantResult,
  type LeaseWanted,
} from '../../engine/ports/budget-store.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { ANSWER_KEPT_MS, DEMAND_KEPT_MS } from './retention.ts';

export interface EmbeddedBudgetStoreOptions {
  readonly clock: Clock;
  readonly memory: BudgetMemory;
}

/** All that a store knows, and its rules. Several stores over one memory are like those of several processes over one Redis. */
export class BudgetMemory {
  readonly accounts: LRUCache<string, ParkedAccount>;
  /** By request id. */
  readonly answers: LRUCache<string, Granted>;

  /** Beyond `accountsMax` the one that was asked for least lately is forgotten, and given the ledger's next tranche. */
  constructor(accountsMax: number) {
    this.accounts = new LRUCache({ max: accountsMax });
    this.answers = new LRUCache({ max: ANSWERS_MAX });
  }

  install({ accountId, epoch, amount, budgetLeft }: Tranche): void {
    const account = this.#account(accountId);
    if (epoch <= account.epoch) return;
    account.epoch = epoch;
    account.sequence = 0;
    account.remaining = amount;
    account.budgetLeft = budgetLeft;
  }

  grant(wanted: LeaseWanted, nowMs: number): GrantResult {
    const first = this.answers.get(wanted.requestId);
    if (first !== undefined && nowMs < first.atMs + ANSWER_KEPT_MS) return first.result;
    const { accountId, processId, amountMin } = wanted;
    const account = this.#account(accountId);
    account.demands.set(processId, { wanted: wanted.amount, atMs: nowMs });
    const demand = totalDemand(account, nowMs);
    const { remaining, budgetLeft } = account;
    const share = wanted.amount / demand;
    const amount = leaseAmount({ wanted: wanted.amount, amountMin, share, remaining, budgetLeft });
    if (amount === 0) return { kind: 'no-tranche', epoch: account.epoch, demand };
    account.remaining -= amount;
    account.sequence += 1;
    const { epoch, sequence } = account;
    const { requestId, termMs } = wanted;
    const grant: LeaseGrant = { accountId, epoch, sequence, requestId, processId, amount, termMs };
    const result = { kind: 'granted', grant, remaining: account.remaining } as const;
    this.answers.set(requestId, { result, atMs: nowMs });
    return result;
  }

  fence(accountId: string, epoch: number): void {
    const account = this.#account(accountId);
    if (epoch < account.epoch) return;
    account.epoch = epoch;
    account.remaining = 0;
    account.budgetLeft = 0;
  }

  leave(accountId: string, processId: string): void {
    this.#account(accountId).demands.delete(processId);
  }

  shares(accountId: string, nowMs: number): ReadonlyMap<string, number> {
    const account = this.#account(accountId);
    const demand = totalDemand(account, nowMs);
    return new Map([...account.demands].map(([processId, { wanted }]) => [processId, wanted / demand]));
  }

  /** What a replica has that is asked nothing yet. */
  copy(): BudgetMemory {
    const copy = new BudgetMemory(this.accounts.max);
    copy.accounts.load(structuredClone(this.accounts.dump()));
    copy.answers.load(this.answers.dump());
    return copy;
  }

  #account(accountId: string): ParkedAccount {
    let account = this.accounts.get(accountId);
    if (account === undefined) {
      account = { epoch: 0, sequence: 0, remaining: 0, budgetLeft: 0, demands: new Map() };
      this.accounts.set(accountId, account);
    }
    return account;
  }
}

interface ParkedAccount {
  epoch: number;
  /** Of the last lease of the tranche. */
  sequence: number;
  remaining: number;
  budgetLeft: number;
  /** What each process wanted last, by its id. */
  readonly demands: Map<string, { readonly wanted: number; readonly atMs: number }>;
}

interface Granted {
  readonly result: Extract<GrantResult, { kind: 'granted' }>;
  readonly atMs: number;
}

const ANSWERS_MAX = 100_000;

export function createEmbeddedBudgetStore(options: EmbeddedBudgetStoreOptions): BudgetStore {
  return new EmbeddedBudgetStore(options);
}

class EmbeddedBudgetStore implements BudgetStore {
  readonly #clock: Clock;
  readonly #memory: BudgetMemory;
  #isClosed = false;

  constructor({ clock, memory }: EmbeddedBudgetStoreOptions) {
    this.#clock = clock;
    this.#memory = memory;
  }

  readonly install = async (tranche: Tranche): Promise<void> => {
    this.#open();
    this.#memory.install(tranche);
  };

  readonly grant = async (wanted: LeaseWanted): Promise<GrantResult> => this.#memory.grant(wanted, this.#open());

  readonly fence = async (accountId: string, epoch: number): Promise<void> => {
    this.#open();
    this.#memory.fence(accountId, epoch);
  };

  readonly leave = async (accountId: string, processId: string): Promise<void> => {
    this.#open();
    this.#memory.leave(accountId, processId);
  };

  readonly shares = async (accountId: string): Promise<ReadonlyMap<string, number>> =>
    this.#memory.shares(accountId, this.#open());

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
  };

  /** Gives the time. */
  #open(): number {
    if (this.#isClosed) throw new BudgetStoreError('closed', 'the budget store is closed');
    return this.#clock.monotonicMs();
  }
}

/** Forgets who has not asked for long. */
function totalDemand({ demands }: ParkedAccount, nowMs: number): number {
  let total = 0;
  for (const [processId, { wanted, atMs }] of demands) {
    if (nowMs < atMs + DEMAND_KEPT_MS) total += wanted;
    else demands.delete(processId);
  }
  return total;
}
