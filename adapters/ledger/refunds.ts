/** The `Refunds` over the database of the ledger: bills of our own campaigns and what DSPs owe, and an event of each. */

import { OUTCOME_TYPES } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { type BookedSale, bookedRefund } from '../../engine/events/booked-events.ts';
import { purchaseKey } from '../../engine/exchange/purchases.ts';
import { decodeTerms } from '../../engine/exchange/sale-terms.ts';
import type { Refund, RefundResult, Refunds, RefundWanted } from '../../engine/ports/refunds.ts';
import type { Books } from './books.ts';
import { bookedSale, release } from './charges.ts';
import type { Database, Queryable } from './database.ts';
import { booksOfCharges } from './ledger.ts';
import { refundReceivables } from './receivables.ts';
import type { ChargeRow } from './rows.ts';

export const REFUNDS_SQL = {
  owed: `SELECT kind, key, dsp_id, seat, publisher_id, amount, terms FROM dsp_transfer WHERE key = ANY ($1::text[])
    ORDER BY id`,
} as const;

/** `nowMs`: epoch ms; null: by the database's clock. */
export function openRefunds(database: Database, nowMs: (() => number) | null): Refunds {
  return {
    refund: (wanted, by) => database.transaction((tx) => refundAll(tx, wanted, { by, nowMs: nowMs?.() ?? null })),
  };
}

/** What the books know of one ad. */
interface Found {
  readonly result: RefundResult;
  /** Null: nothing is to be booked. */
  readonly sold: BookedSale | null;
}

async function refundAll(
  tx: Queryable,
  wanted: readonly RefundWanted[],
  { by, nowMs }: { readonly by: string; readonly nowMs: number | null },
): Promise<readonly Refund[]> {
  const keys = [...new Set(wanted.flatMap(keysOf))];
  const books = await booksOfCharges(tx, keys, nowMs);
  const owed = await readOwed(tx, keys);
  const found = wanted.map((each) => find(keysOf(each), books, owed) ?? unbilled(each));
  if (found.some(({ result }) => result === 'unknown')) return found.map(({ result }) => refundOf(result, null));
  const done = new Set<string>();
  const refunds: Refund[] = [];
  for (const [at, { result, sold }] of found.entries()) {
    const isFirst = sold !== null && !done.has(sold.key) && (await book(tx, books, sold));
    if (!isFirst) {
      refunds.push(refundOf('repeated', null));
      continue;
    }
    done.add(sold.key);
    const { reason } = wanted[at]!;
    books.tell(bookedRefund(sold, Number(books.nowMs), reason));
    const { payer, key, amount } = sold;
    const subject = payer.kind === 'house' ? payer.accountId : payer.dspId;
    books.audit(by, 'refund', subject, { key, amount, result, reason });
    refunds.push(refundOf(result, sold));
  }
  await books.flush();
  return refunds;
}

function keysOf({ auctionId, impId }: RefundWanted): string[] {
  return OUTCOME_TYPES.map((type) => purchaseKey(auctionId, impId, type));
}

function find(keys: readonly string[], books: Books, owed: ReadonlyMap<string, Found>): Found | undefined {
  for (const key of keys) {
    const charge = books.charge(key);
    if (charge !== undefined && charge.state !== 'parked') return ofCharge(books, charge);
    const ofDsp = owed.get(key);
    if (ofDsp !== undefined) return ofDsp;
  }
  return undefined;
}

function unbilled({ unbilled: known }: RefundWanted): Found {
  if (known === undefined) return UNKNOWN;
  const { key, dspId, seat, amount, publisherId, terms } = known;
  return { result: 'prevented', sold: { key, payer: { kind: 'dsp', dspId, seat }, amount, publisherId, terms } };
}

const UNKNOWN: Found = { result: 'unknown', sold: null };
const REPEATED: Found = { result: 'repeated', sold: null };

function ofCharge(books: Books, charge: ChargeRow): Found {
  if (charge.state === 'refunded' || charge.state === 'released') return REPEATED;
  const sold = bookedSale(books, charge);
  if (sold === null) return UNKNOWN;
  const isBilled = charge.state === 'billed' || charge.state === 'absorbed';
  return { result: isBilled ? 'refunded' : 'prevented', sold };
}

interface OwedRow {
  readonly kind: 'bill' | 'refund' | 'void';
  readonly key: string;
  readonly dsp_id: string;
  readonly seat: string;
  readonly publisher_id: string;
  readonly amount: bigint;
  readonly terms: string | null;
  readonly [column: string]: unknown;
}

/** Of DSPs, by key. */
async function readOwed(tx: Queryable, keys: readonly string[]): Promise<ReadonlyMap<string, Found>> {
  const rows = await tx.query<OwedRow>(REFUNDS_SQL.owed, [keys]);
  return new Map(rows.map((row) => [row.key, ofOwed(row)]));
}

function ofOwed({ kind, key, dsp_id: dspId, seat, publisher_id: publisherId, amount, terms }: OwedRow): Found {
  if (kind !== 'bill') return REPEATED;
  if (terms === null) return UNKNOWN;
  const payer = { kind: 'dsp', dspId, seat } as const;
  return { result: 'refunded', sold: { key, payer, amount: Number(amount), publisherId, terms } };
}

/** False: somebody else has, meanwhile. */
async function book(tx: Queryable, books: Books, { key, payer, ...sold }: BookedSale): Promise<boolean> {
  if (payer.kind === 'house') return release(books, key, 'refunded');
  const { dspId, seat } = payer;
  const { currency } = decodeTerms(sold.terms);
  const receivable = { ...sold, key, dspId, seat, currency, atMs: Number(books.nowMs), billingNotice: null };
  return (await refundReceivables(tx, [receivable], books.nowMs)).has(key);
}

function refundOf(result: RefundResult, sold: BookedSale | null): Refund {
  if (sold === null || result !== 'refunded') return { result, amount: 0, currency: '' };
  return { result, amount: sold.amount, currency: decodeTerms(sold.terms).currency };
}
