/**
 * Bills what has become of house wins. Any process may be told, of any auction, as often as it likes: the reservation in the
 * ledger says whose money it is, and the ledger's unique key bills it once. What the ledger has not heard of yet waits there.
 */
import type { Outcome, OutcomeCounts } from '../estimation/quality/awaited-outcomes.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import type { BudgetLedger, ReportResult } from '../ports/budget-ledger.ts';

/** `unmatched`: nothing was reserved for it, because a DSP won, it is paid by another event, or nobody knows of it. */
export const BILLING_RESULTS = [
  'billed',
  'absorbed',
  'repeated',
  'released-before',
  'unknown-account',
  'parked',
  'unmatched',
  'refused',
] as const satisfies readonly ReportResult[];
export type BillingCounts = Readonly<Record<(typeof BILLING_RESULTS)[number], number>>;

/** Answer to reported outcomes: what became of the estimates that they are about, and of our own campaigns' money. */
export interface OutcomesTaken extends OutcomeCounts {
  /** Absent where campaigns are not enabled, and from workers that leave the billing to another one. */
  readonly bills?: BillingCounts;
}

export interface OutcomeBillingOptions {
  readonly ledger: Pick<BudgetLedger, 'billReports'>;
  /** Resolves when the ledger knows all that this process has won. */
  readonly whenTold: () => Promise<void>;
  /** Whether it was an auction of this process: then nobody else has won anything in it. */
  readonly isOwn: (auctionId: string) => boolean;
  /** Wall clock, epoch ms. */
  readonly nowMs: () => number;
}

/** Rejects when the ledger cannot be reached; the same outcomes may be billed again. */
export async function billOutcomes(
  outcomes: readonly Outcome[],
  { ledger, whenTold, isOwn, nowMs }: OutcomeBillingOptions,
): Promise<BillingCounts> {
  await whenTold();
  const byKey = new Map<string, Outcome>();
  for (const outcome of outcomes) byKey.set(purchaseKey(outcome.auctionId, outcome.impId, outcome.type), outcome);
  const reports = [...byKey].map(([key, { auctionId, atMs }]) => {
    return { key, atMs: Math.min(atMs ?? Number.POSITIVE_INFINITY, nowMs()), mayBecomeKnown: !isOwn(auctionId) };
  });
  const counts = countsOf(await ledger.billReports(reports));
  return { ...counts, repeated: counts.repeated + outcomes.length - byKey.size };
}

export function countsOf(results: readonly ReportResult[]): BillingCounts {
  const counts = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0])) as Record<
    keyof BillingCounts,
    number
  >;
  for (const result of results) counts[result]++;
  return counts;
}
