/** A lease as its holder keeps it: money that this process alone may spend, for a while. */
import type { LeaseKey } from '../ports/budget-ledger.ts';

export interface HeldLease extends LeaseKey {
  /** As granted and confirmed. */
  readonly amount: number;
  /** No reservation is made from then on, monotonic ms. */
  readonly spendUntilMs: number;
  /** Neither reserved nor billed. */
  free: number;
  /** Of what is not free, for bills of which few will come: each of those that do is paid out of all of it. */
  shared: number;
  /** The dearest of those. */
  sharedPriceMax: number;
  /** What was free then went back; the rest belongs to the ledger now. */
  isOver: boolean;
}

/** What a process asks for. */
export interface LeaseNeed {
  readonly accountId: string;
  readonly amount: number;
  /** One clearing price: less is of no use. */
  readonly amountMin: number;
  readonly termMs: number;
}

/** Granted by the store and confirmed by the ledger. */
export interface LiveLease extends LeaseKey {
  readonly amount: number;
  /** Monotonic ms of the process that asked. */
  readonly endsAtMs: number;
}

/** A lease that is not spent from any more. */
export interface LeaseOver extends LeaseKey {
  readonly unspent: number;
}

/** Why there is no lease. `fenced`: again and again; `unavailable`: store or ledger. */
export type NoLease = 'exhausted' | 'paused' | 'ended' | 'unknown-account' | 'fenced' | 'unavailable';
