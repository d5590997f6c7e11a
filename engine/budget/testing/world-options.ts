import type { BudgetStore } from '../../ports/budget-store.ts';
import type { Clock } from '../../ports/clock.ts';
import { LEASE_POLICY_DEFAULTS, type LeasePolicy } from '../lease-policy.ts';

/** What the world does to the processes' store besides using it. */
export interface StoreUnderTest {
  readonly connect: () => BudgetStore;
  /** FLUSHALL. */
  readonly flush: () => Promise<void>;
  /** What a replica would have; `restore` makes it the master. */
  readonly snapshot: () => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

export type OpenStore = (clock: Clock) => Promise<StoreUnderTest>;

/**
 * Broken on purpose. `skip-confirmation`: leases are spent from as granted. `ignore-expiry`: and for ever. `ignore-day`:
 * beyond the end of the ledger's day. `count-from-answer`: the term begins when the answer came. `spend-twice`: a lease is
 * handed out twice. `spend-after-return`: what went back is kept too. `lose-returns`: nothing
 * goes back, and the ledger takes nothing back either.
 */
export type Break =
  | 'skip-confirmation'
  | 'ignore-expiry'
  | 'ignore-day'
  | 'count-from-answer'
  | 'spend-twice'
  | 'spend-after-return'
  | 'lose-returns';

/** Short, so that a run of two minutes sees many leases, horizons and days. */
export const WORLD_POLICY: LeasePolicy = {
  ...LEASE_POLICY_DEFAULTS,
  termMs: 5000,
  smallTermMs: 10_000,
  idleMs: 5000,
  safetyMarginMs: 100,
  spendMs: 1000,
  aheadMs: 200,
  demandFadeMs: 1000,
  exhaustedRetryMsMax: 2000,
};

export const WORLD = {
  tickMs: 100,
  dayMs: 45_000,
  /** From reserving to the latest impression that counts. */
  lapseMs: 8000,
  /** Of the ledger, after a lease has ended. */
  billingHorizonMs: 8500,
  /** Of a call, each way. */
  delayMs: 2,
  storeTimeoutMs: 250,
  ledgerTimeoutMs: 1000,
  faultsUntilMs: 60_000,
  /** Then everything heals, and demand is more than enough. */
  endsAtMs: 130_000,
  priceMax: 1000,
} as const;
