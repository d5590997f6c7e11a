/**
 * Bills what has become of house wins. Any process may be told, of any auction, as often as it likes: the reservation in the
 * ledger says whose money it is, and the ledger's unique key bills it once. What the ledger has not heard of yet waits there.
 */
import { inHalves } from '../budget/in-halves.ts';
import { isStorable } from '../campaign/storable.ts';
import type { Outcome, OutcomeCounts } from '../estimation/quality/awaited-outcomes.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import type { BudgetLedger, OutcomeReport, ReportResult } from '../ports/budget-ledger.ts';

/**
 * `unmatched`: nothing was reserved for it, because a DSP won, it is paid by another event, or nobody knows of it.
 * `set-aside`: the ledger refuses it, whatever becomes of the others; nothing is booked.
 */
export const BILLING_RESULTS = [
  'billed',
  'absorbed',
  'repeated',
  'released-before',
  'unknown-account',
  'parked',
  'unmatched',
  'refused',
  'set-aside',
] as const satisfies readonly (ReportResult | 'set-aside')[];
export type BillingCounts = Readonly<Record<(typeof BILLING_RESULTS)[number], number>>;

/** Answer to reported outcomes: what became of the estimates that they are about, and of our own campaigns' money. */
export interface OutcomesTaken extends OutcomeCounts {
  /** Absent where campaigns are not enabled, and from workers that leave the billing to another one. */
  readonly bills?: BillingCounts;
}

export interface OutcomeBillingOptions {
  readonly ledger: Pick<BudgetLedger, 'billReports'>;
  /** Resolves when the ledger knows what this process has won of these; rejects when it does not within a bound. */
  readonly whenTold: (concerns: (key: string) => boolean) => Promise<void>;
  /** Whether it was an auction of this process: then nobody else has won anything in it. */
  readonly isOwn: (auctionId: string) => boolean;
  /** Of what is set aside. */
  readonly onSetAside: (key: string, error: unknown) => void;
  /** Wall clock, epoch ms. */
  readonly nowMs: () => number;
}

/** Rejects when the ledger cannot be reached; the same outcomes may be billed again. */
export async function billOutcomes(
  outcomes: readonly Outcome[],
  { ledger, whenTold, isOwn, onSetAside, nowMs }: OutcomeBillingOptions,
): Promise<BillingCounts> {
  const byKey = new Map<string, Outcome>();
  for (const outcome of outcomes) byKey.set(purchaseKey(outcome.auctionId, outcome.impId, outcome.type), outcome);
  await whenTold((key) => byKey.has(key));
  const results: (keyof BillingCounts)[] = [];
  const reports: OutcomeReport[] = [];
  for (const [key, { auctionId, atMs }] of byKey) {
    const happenedAtMs = Math.min(atMs ?? Number.POSITIVE_INFINITY, nowMs());
    // Of what no ledger could keep, nothing was reserved.
    if (isStorable(key)) reports.push({ key, atMs: happenedAtMs, mayBecomeKnown: !isOwn(auctionId) });
    else results.push('unmatched');
  }
  await inHalves(
    reports,
    async (part) => void results.push(...(await ledger.billReports(part))),
    ({ key }, error) => {
      results.push('set-aside');
      onSetAside(key, error);
    },
  );
  const counts = countsOf(results);
  return { ...counts, repeated: counts.repeated + outcomes.length - byKey.size };
}

export function countsOf(results: readonly (keyof BillingCounts)[]): BillingCounts {
  const counts = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0])) as Record<
    keyof BillingCounts,
    number
  >;
  for (const result of results) counts[result]++;
  return counts;
}
