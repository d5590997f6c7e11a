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

export interface Billing {
  readonly counts: BillingCounts;
  /** Once each: they may become known later (`unmatched-outcomes.ts`). */
  readonly unmatched: readonly Outcome[];
}

export interface OutcomeBillingOptions {
  readonly ledger: Pick<BudgetLedger, 'charges' | 'bill'>;
  /** Resolves when the ledger knows all that this process has won. */
  readonly whenTold: () => Promise<void>;
  /** Wall clock, epoch ms. */
  readonly nowMs: () => number;
}

export function billingCounts(results: readonly BillResult[]): Record<keyof BillingCounts, number> {
  const counts = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0])) as Record<
    keyof BillingCounts,
    number
  >;
  for (const result of results) counts[result]++;
  return counts;
}

/** Rejects when the ledger cannot be reached; the same outcomes may be billed again. */
export async function billOutcomes(
  outcomes: readonly Outcome[],
  { ledger, whenTold, nowMs }: OutcomeBillingOptions,
): Promise<Billing> {
  await whenTold();
  const byKey = new Map<string, Outcome>();
  for (const outcome of outcomes) byKey.set(purchaseKey(outcome.auctionId, outcome.impId, outcome.type), outcome);
  const charges = await ledger.charges([...byKey.keys()]);
  const atMsOf = (key: string): number => Math.min(byKey.get(key)!.atMs ?? Number.POSITIVE_INFINITY, nowMs());
  const results = await ledger.bill(charges.map((charge) => ({ ...charge, atMs: atMsOf(charge.key) })));
  const counts = billingCounts(results);
  counts.repeated += outcomes.length - byKey.size;
  for (const { key } of charges) byKey.delete(key);
  counts.unmatched = byKey.size;
  return { counts, unmatched: [...byKey.values()] };
}
