/**
 * Bills what has become of house wins. Any process may be told, of any auction, as often as it likes: the reservation in the
 * ledger says whose money it is, and the ledger's unique key bills it once.
 */
import { inHalves } from '../budget/in-halves.ts';
import { isStorable } from '../campaign/storable.ts';
import type { Outcome } from '../estimation/quality/awaited-outcomes.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import type { BillResult, BudgetLedger } from '../ports/budget-ledger.ts';

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
  'unmatched',
  'set-aside',
] as const satisfies readonly (BillResult | 'unmatched' | 'set-aside')[];
export type BillingCounts = Readonly<Record<(typeof BILLING_RESULTS)[number], number>>;

export interface Billing {
  readonly counts: BillingCounts;
  /** Once each: they may become known later (`unmatched-outcomes.ts`). */
  readonly unmatched: readonly Outcome[];
}

export interface OutcomeBillingOptions {
  readonly ledger: Pick<BudgetLedger, 'charges' | 'bill'>;
  /** Resolves when the ledger knows what this process has won of these; rejects when it does not within a bound. */
  readonly whenTold: (concerns: (key: string) => boolean) => Promise<void>;
  /** Of what is set aside. */
  readonly onSetAside: (key: string, error: unknown) => void;
  /** Wall clock, epoch ms. */
  readonly nowMs: () => number;
}

/** Rejects when the ledger cannot be reached; the same outcomes may be billed again. */
export async function billOutcomes(
  outcomes: readonly Outcome[],
  { ledger, whenTold, onSetAside, nowMs }: OutcomeBillingOptions,
): Promise<Billing> {
  const byKey = new Map<string, Outcome>();
  for (const outcome of outcomes) byKey.set(purchaseKey(outcome.auctionId, outcome.impId, outcome.type), outcome);
  await whenTold((key) => byKey.has(key));
  const charges = await ledger.charges([...byKey.keys()].filter(isStorable));
  const atMsOf = (key: string): number => Math.min(byKey.get(key)!.atMs ?? Number.POSITIVE_INFINITY, nowMs());
  const counts = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0])) as Record<
    keyof BillingCounts,
    number
  >;
  await inHalves(
    charges.map((charge) => ({ ...charge, atMs: atMsOf(charge.key) })),
    async (part) => {
      for (const result of await ledger.bill(part)) counts[result]++;
    },
    ({ key }, error) => {
      counts['set-aside']++;
      onSetAside(key, error);
    },
  );
  counts.repeated += outcomes.length - byKey.size;
  for (const { key } of charges) byKey.delete(key);
  counts.unmatched = byKey.size;
  return { counts, unmatched: [...byKey.values()] };
}
