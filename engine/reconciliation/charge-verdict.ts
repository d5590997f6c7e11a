/**
 * What may come of comparing a charge as the archived events say it must be with what stands in the books (docs/reconciliation.md).
 * Closed lists: they are labels of metrics.
 */

/** Somebody has to look: what is due and what is booked are not the same. */
export const DIFFERENCES = [
  /** An event says that it is due, and was consumed; nobody is charged. */
  'missing-in-ledger',
  /** As that, and not consumed for longer than that may take. */
  'unconsumed',
  /** As that: it was sold, and its event is a dead letter. */
  'set-aside',
  /** It is booked, and no event says so. */
  'missing-in-archive',
  /** Charged more than once. */
  'double',
  /** An event came too late to be paid, and it is booked. */
  'billed-late',
  /** A refund that has not been booked. */
  'not-refunded',
  /** A refund that no event says. */
  'refunded-without-event',
  'other-payer',
  'other-currency',
  'other-publisher',
  'other-amount',
  /** Of the amount, what is ours. */
  'other-fee',
  /** The row of the charge does not say what the journal says. */
  'other-charge',
  /** Its events themselves do not agree on price, payer or publisher. */
  'conflicting-events',
] as const;

/** All is as it should be, or nothing can be said yet. */
export const AGREEMENTS = [
  'agreed',
  /** Nobody is to be charged, and nobody is: test, late, refunded before. */
  'nothing-due',
  /** Its event waits to be consumed or archived, for no longer than that may take. */
  'pending',
  /** Reported at `POST /admin/outcomes`: there is no event of it but its win. */
  'reported',
  /** No win of it is known, and its event is a dead letter (`unknown-sale`). */
  'not-sold',
] as const;

export type Difference = (typeof DIFFERENCES)[number];
export type ChargeVerdict = Difference | (typeof AGREEMENTS)[number];

/** Terms of a charge, by one of the two sides. */
export interface ChargeTerms {
  /** Account in the ledger, or DSP and seat with a slash between. */
  readonly payer: string;
  readonly publisherId: string;
  /** ISO 4217, or `impressions`. */
  readonly currency: string;
  /** Nanos, or impressions; what is left after refunds. */
  readonly amount: bigint;
  readonly fee: bigint;
}

export interface ChargeDifference {
  readonly key: string;
  readonly verdict: Difference;
  /** Nanos (or impressions) that are in question. */
  readonly atStake: bigint;
  /** Null: there is no such event. */
  readonly due: ChargeTerms | null;
  /** Null: nothing is booked. */
  readonly booked: ChargeTerms | null;
}

/** What one party pays or gets for the charges of a window. */
export interface PartyTotal {
  /** As in statements; an advertiser is its account in the ledger. */
  readonly party: 'advertiser' | 'dsp' | 'publisher' | 'exchange';
  /** Empty for the exchange. */
  readonly id: string;
  readonly currency: string;
  /** As the events say. */
  readonly due: bigint;
  readonly booked: bigint;
  /** Of what is booked, what we bear in an advertiser's place: its budget did not. */
  readonly absorbed: bigint;
}

export interface ChargeReconciliation {
  /** Epoch ms: from, until before. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How many charges came to what; those that no charge came to are absent. */
  readonly verdicts: Readonly<Partial<Record<ChargeVerdict, number>>>;
  /** Nanos at stake in all differences, whatever the currency. */
  readonly unreconciledNanos: bigint;
  /** The largest, at most so many as were asked for. */
  readonly differences: readonly ChargeDifference[];
  readonly totals: readonly PartyTotal[];
  /** Archived events of the window that were looked at, and rows of the journals. */
  readonly eventRows: number;
  readonly journalRows: number;
  /** Events that are paid, and say no price or payer: they stand in the archive as they came. */
  readonly unreadable: number;
}

export function differenceCount({ verdicts }: Pick<ChargeReconciliation, 'verdicts'>): number {
  return DIFFERENCES.reduce((sum, verdict) => sum + (verdicts[verdict] ?? 0), 0);
}
