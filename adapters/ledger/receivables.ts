/** What DSPs owe: one row of the journal for each event that they pay by, under its unique key. */
import { asStored, storable } from '../../engine/campaign/storable.ts';
import type { Receivable, ReceivableResult } from '../../engine/ports/event-books.ts';
import type { Queryable } from './database.ts';

export const RECEIVABLES_SQL = {
  insert: `INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, terms, at_ms)
    SELECT $1, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, terms, $2
    FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[],
      $11::text[]) AS row (key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, terms)
    ON CONFLICT DO NOTHING RETURNING key`,
  voided: `SELECT key FROM dsp_transfer WHERE kind = 'void' AND key = ANY ($1::text[])`,
  refund: `INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, terms, at_ms)
    SELECT 'refund', key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, terms, $2 FROM dsp_transfer
    WHERE kind = 'bill' AND key = ANY ($1::text[]) ORDER BY key ON CONFLICT DO NOTHING RETURNING key`,
  keepNotices: `INSERT INTO billing_notice (key, dsp_id, auction_id, imp_id, url, at_ms)
    SELECT *, $1::bigint FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])`,
} as const;

/** In the order given. What is billed for the first time has its notice put where it is taken from to be called. */
export async function bookReceivables(
  tx: Queryable,
  receivables: readonly Receivable[],
  feePpm: number,
  nowMs: bigint,
): Promise<ReceivableResult[]> {
  const firsts = firstOfEach(receivables);
  if (firsts.length === 0) return [];
  const booked = await insert(tx, 'bill', firsts, feePpm, nowMs);
  await keepNotices(
    tx,
    firsts.filter(({ key }) => booked.has(key)),
    nowMs,
  );
  const missed = firsts.filter(({ key }) => !booked.has(key)).map(({ key }) => key);
  const voided = await keysOf(tx, RECEIVABLES_SQL.voided, missed);
  return receivables.map(({ key }) => {
    // A second one of the same batch is a repetition.
    if (booked.delete(key)) return 'billed';
    return voided.has(key) ? 'released-before' : 'repeated';
  });
}

/** Undoes what was billed, at its price; what was not billed never will be. Gives the keys for which that is new. */
export async function refundReceivables(
  tx: Queryable,
  refunds: readonly Receivable[],
  nowMs: bigint,
): Promise<ReadonlySet<string>> {
  const firsts = firstOfEach(refunds);
  if (firsts.length === 0) return new Set();
  const nothing = firsts.map((refund) => ({ ...refund, amount: 0 }));
  const voided = await insert(tx, 'void', nothing, 0, nowMs);
  const billed = firsts.map(({ key }) => key).filter((key) => !voided.has(key));
  const refunded = await keysOf(tx, RECEIVABLES_SQL.refund, billed, nowMs);
  return new Set([...voided, ...refunded]);
}

/** By key: transactions that meet wait for each other in one order. */
function firstOfEach(receivables: readonly Receivable[]): Receivable[] {
  const firsts = new Map<string, Receivable>();
  for (const receivable of receivables) if (!firsts.has(receivable.key)) firsts.set(receivable.key, receivable);
  return [...firsts.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** Gives the keys that were new. */
async function insert(
  tx: Queryable,
  kind: 'bill' | 'void',
  rows: readonly Receivable[],
  feePpm: number,
  nowMs: bigint,
): Promise<Set<string>> {
  const column = <Value>(read: (row: Receivable) => Value): Value[] => rows.map(read);
  const inserted = await tx.query<{ key: string }>(RECEIVABLES_SQL.insert, [
    kind,
    nowMs,
    column(({ key }) => key),
    column(({ dspId }) => dspId),
    column(({ seat }) => asStored(seat)),
    column(({ publisherId }) => asStored(publisherId)),
    column(({ currency }) => currency),
    column(({ amount }) => amount),
    column(({ amount }) => feeOf(amount, feePpm)),
    column(({ atMs }) => Math.floor(atMs)),
    column(({ terms }) => terms),
  ]);
  return new Set(inserted.map(({ key }) => key));
}

/** Rounded down; the publisher has the rest. */
function feeOf(amount: number, feePpm: number): bigint {
  return (BigInt(amount) * BigInt(feePpm)) / 1_000_000n;
}

/** Without the key of the user: no table holds one, so no file and no backup of the database does (docs/privacy.md). */
async function keepNotices(tx: Queryable, receivables: readonly Receivable[], nowMs: bigint): Promise<void> {
  const rows = receivables.flatMap(({ key, dspId, billingNotice }) =>
    billingNotice === null ? [] : [{ key, dspId, url: billingNotice.url, ...billingNotice.about }],
  );
  if (rows.length === 0) return;
  await tx.query(RECEIVABLES_SQL.keepNotices, [
    nowMs,
    rows.map(({ key }) => key),
    rows.map(({ dspId }) => dspId),
    rows.map(({ auctionId }) => auctionId),
    rows.map(({ impId }) => impId),
    rows.map(({ url }) => storable(url)),
  ]);
}

async function keysOf(
  tx: Queryable,
  sql: string,
  keys: readonly string[],
  ...parameters: readonly unknown[]
): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  return new Set((await tx.query<{ key: string }>(sql, [keys, ...parameters])).map(({ key }) => key));
}
