/**
 * Bills what has become of house wins. Any process may be told, of any auction, as often as it likes: the reservation in the
 * ledger says whose money it is, and the ledger's unique key bills it once.
 */
import type { Outcome } from '../estimation/quality/awaited-outcomes.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import type { BillResult, BudgetLedger } from '../ports/budget-ledger.ts';

/** `unmatched`: nothing was reserved for it, because a DSP won, it is paid by another event, or nobody knows of it. */
export const BILLING_RESULTS = [
  'billed',
  'absorbed',
  'repeated',
  'released-before',
  'unknown-account',
  'unmatched',
] as const satisfies readonly (BillResult | 'unmatched')[];
export type BillingCounts = Readonly<Record<(typeof BILLING_RESULTS)[number], number>>;

export interface OutcomeBillingOptions {
  readonly ledger: Pick<BudgetLedger, 'charges' | 'bill'>;
  /** Resolves when the ledger knows all that this process has won. */
  readonly whenTold: () => Promise<void>;
  /** Wall clock, epoch ms. */
  readonly nowMs: () => number;
}

/** Rejects when the ledger cannot be reached; the same outcomes may be billed again. */
export async function billOutcomes(
  outcomes: readonly Outcome[],
  { ledger, whenTold, nowMs }: OutcomeBillingOptions,
): Promise<BillingCounts> {
  await whenTold();
  const atMsOf = new Map<string, number>();
  for (const { auctionId, impId, type, atMs } of outcomes) {
    atMsOf.set(purchaseKey(auctionId, impId, type), Math.min(atMs ?? Number.POSITIVE_INFINITY, nowMs()));
  }
  const charges = await ledger.charges([...atMsOf.keys()]);
  const results = await ledger.bill(charges.map((charge) => ({ ...charge, atMs: atMsOf.get(charge.key)! })));
  const counts = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0])) as Record<
    keyof BillingCounts,
    number
  >;
  for (const result of results) counts[result]++;
  counts.unmatched = atMsOf.size - charges.length;
  counts.repeated += outcomes.length - atMsOf.size;
  return counts;
}
