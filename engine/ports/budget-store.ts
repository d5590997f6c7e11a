/**
 * Who may spend how much right now. Twins: in this process (`adapters/budget-store/budget-store.embedded.ts`), Redis for
 * all processes (`adapters/budget-store/budget-store.redis.ts`). A tranche of the ledger is installed, leases are granted
 * from it. The store is never believed alone: the ledger confirms each lease (`BudgetLedger.confirmLeases`) before a nano
 * of it is spent, so a store that lost data costs time, not money.
 *
 * A repeated call changes nothing: a grant has a request id, the others compare epochs. Methods reject with a
 * `BudgetStoreError` when the store cannot be reached or answers late; nothing is assumed then.
 */
import type { LeaseGrant, Tranche } from './budget-ledger.ts';

export interface LeaseWanted {
  readonly requestId: string;
  readonly accountId: string;
  readonly processId: string;
  /** The store gives less when little is left: see `engine/budget/lease-size.ts`. */
  readonly amount: number;
  /** Less is of no use: one clearing price. */
  readonly amountMin: number;
  readonly termMs: number;
}

export type GrantResult =
  | { readonly kind: 'granted'; readonly grant: LeaseGrant; readonly remaining: number }
  /**
   * No tranche, or what is left of it is of no use: ask the ledger for the next. `epoch` of the one that was, 0 for none.
   * `demand`: what all processes wanted last, together.
   */
  | { readonly kind: 'no-tranche'; readonly epoch: number; readonly demand: number };

export interface BudgetStore {
  /** Replaces the account's tranche when its epoch is higher; an older one is ignored. */
  readonly install: (tranche: Tranche) => Promise<void>;
  readonly grant: (wanted: LeaseWanted) => Promise<GrantResult>;
  /** Nothing of this epoch or an older one is granted any more. */
  readonly fence: (accountId: string, epoch: number) => Promise<void>;
  /** The process wants no more of it: it has no share from now on. */
  readonly leave: (accountId: string, processId: string) => Promise<void>;
  /** Processes that asked lately, with the share of each in what all of them wanted: their shares of the traffic. */
  readonly shares: (accountId: string) => Promise<ReadonlyMap<string, number>>;
  readonly close: () => Promise<void>;
}

/** `code` is stable: `unavailable` (cause set), `late`, `closed`, `evicting` (a Redis that may evict keys is refused). */
export class BudgetStoreError extends Error {
  override readonly name = 'BudgetStoreError';
  readonly code: 'unavailable' | 'late' | 'closed' | 'evicting';

  constructor(code: BudgetStoreError['code'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
