/** Undoing what was billed, on somebody's word. Adapter: `adapters/ledger/refunds.ts`. */

import type { Receivable } from './event-books.ts';

/** Of one ad: it is paid by one event, whichever that is. */
export interface RefundWanted {
  readonly auctionId: string;
  /** Name of the ad (`adImpId`). */
  readonly impId: string;
  /** For people. */
  readonly reason: string;
  /** Of a DSP's ad that may not be billed yet, so that it never will be: the books know nothing of it. Absent: it is `unknown` then. */
  readonly unbilled?: Receivable;
}

/**
 * `refunded`: who paid has it back; `prevented`: nobody had paid, and nobody ever will; `repeated`: it was one of both before;
 * `unknown`: the books know nothing of it, or not what was sold, which old bills do not say.
 */
export const REFUND_RESULTS = ['refunded', 'prevented', 'repeated', 'unknown'] as const;
export type RefundResult = (typeof REFUND_RESULTS)[number];

export interface Refund {
  readonly result: RefundResult;
  /** Of the bill that is undone, in its unit: nanos, or impressions of what is guaranteed; 0 for all but `refunded`. */
  readonly amount: number;
  /** Empty for all but `refunded`. */
  readonly currency: string;
}

export interface Refunds {
  /**
   * All of them, in one transaction and by the day of now, or, when one is `unknown`, none. In the order given. `by` is named in the audit.
   * Rejects as `BudgetLedger`.
   */
  readonly refund: (wanted: readonly RefundWanted[], by: string) => Promise<readonly Refund[]>;
}
