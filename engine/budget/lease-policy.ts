/** Durations of leases, each with its reason. */
export interface LeasePolicy {
  /** From the first asking to the end. A dead process keeps its money for so long and the billing horizon. */
  readonly termMs: number;
  /**
   * Of a lease that holds the least: it is little money, and among thousands of campaigns most are asked often and win
   * seldom.
   */
  readonly smallTermMs: number;
  /**
   * An account that nobody wanted to spend from for so long holds no lease and asks for none; the opportunity that comes
   * then is lost. What waits meanwhile is one small lease. It is several of its terms, as a campaign that is asked every
   * other minute costs fewer calls so than with a lease for each asking.
   */
  readonly idleMs: number;
  /**
   * Reservations end so long before the term: clocks of hosts run at different rates (a thousandth is a sick one), and an
   * auction that has reserved still has to answer.
   */
  readonly safetyMarginMs: number;
  /** A lease holds what is spent in so long. */
  readonly spendMs: number;
  /** And so many times the dearest price at least, or each win of a campaign that seldom wins would cost a lease. */
  readonly pricesMin: number;
  /** The next one is asked for while there is money for so long, and for twice the time that a lease takes to come. */
  readonly aheadMs: number;
  /** The past counts 1/e in the spend rate after so long. */
  readonly demandFadeMs: number;
  /** Open reservations of an account; beyond, new ones are refused. */
  readonly reservationsMax: number;
  /** After an answer that there is no money; doubles up to the second. */
  readonly exhaustedRetryMs: number;
  readonly exhaustedRetryMsMax: number;
  /** After a fault of store or ledger; doubles up to the second. */
  readonly unavailableRetryMs: number;
  readonly unavailableRetryMsMax: number;
}

export const LEASE_POLICY_DEFAULTS: LeasePolicy = {
  termMs: 30_000,
  smallTermMs: 120_000,
  idleMs: 300_000,
  safetyMarginMs: 500,
  spendMs: 5000,
  pricesMin: 8,
  aheadMs: 500,
  demandFadeMs: 5000,
  reservationsMax: 100_000,
  exhaustedRetryMs: 250,
  exhaustedRetryMsMax: 10_000,
  unavailableRetryMs: 100,
  unavailableRetryMsMax: 1000,
};
