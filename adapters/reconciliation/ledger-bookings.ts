/** Reads from the books who has been charged: by statements of its own, that share nothing with those that write there. */
import { BIGINT, BOOLEAN, DuckDBDataChunk, type DuckDBType, type DuckDBValue, VARCHAR } from '@duckdb/node-api';
import type { DuckDb } from '../archive/duckdb.ts';
import type { TimeWindow } from '../archive/layout.ts';
import type { Queryable, Row } from '../ledger/database.ts';

/** Ids of a journal that are looked at by one statement: short enough for whoever else uses the connection. */
const PAGE_IDS = 2000;
const PAGE_KEYS = 2000;
/** As many as a chunk of DuckDB holds. */
const CHUNK_ROWS = 2048;

const CHARGE_COLUMNS = `c.state AS charge_state, c.account_id AS charge_payer, c.publisher_id AS charge_publisher_id,
  c.amount AS charge_amount, c.fee AS charge_fee, c.reported_at_ms IS NOT NULL AS is_reported`;
const NO_CHARGE_COLUMNS = `NULL AS charge_state, NULL AS charge_payer, NULL AS charge_publisher_id, NULL::bigint AS charge_amount,
  NULL::bigint AS charge_fee, false AS is_reported`;
const CHARGING = `('bill', 'absorb', 'refund', 'refund-absorbed')`;
const DSP_COLUMNS = `key, kind, 'dsp' AS payer_kind, dsp_id || '/' || seat AS payer, publisher_id, currency, amount, fee, at_ms, ${NO_CHARGE_COLUMNS}`;

const JOURNALS = [
  {
    table: 'transfer',
    page: `SELECT t.key, t.kind, 'house' AS payer_kind, t.account_id AS payer, t.publisher_id, coalesce(a.currency, a.unit) AS currency, t.amount, t.fee,
        t.at_ms, ${CHARGE_COLUMNS}
      FROM transfer t JOIN account a ON a.id = t.account_id LEFT JOIN charge c ON c.key = t.key
      WHERE t.id >= $1 AND t.id < $2 AND t.at_ms >= $3 AND t.at_ms < $4 AND t.kind IN ${CHARGING}`,
  },
  {
    table: 'dsp_transfer',
    page: `SELECT ${DSP_COLUMNS} FROM dsp_transfer
      WHERE id >= $1 AND id < $2 AND at_ms >= $3 AND at_ms < $4 AND kind IN ('bill', 'refund')`,
  },
] as const;

/** Of the keys: their charges, with or without a transfer. */
const OF_KEYS = [
  `SELECT k.key, t.kind, 'house' AS payer_kind, coalesce(t.account_id, c.account_id) AS payer, t.publisher_id, coalesce(a.currency, a.unit) AS currency,
      t.amount, t.fee, t.at_ms, ${CHARGE_COLUMNS}
    FROM unnest($1::text[]) AS k (key) LEFT JOIN charge c ON c.key = k.key
    LEFT JOIN transfer t ON t.key = k.key AND t.kind IN ${CHARGING}
    LEFT JOIN account a ON a.id = coalesce(t.account_id, c.account_id)
    WHERE t.key IS NOT NULL OR c.state IN ('billed', 'absorbed', 'refunded')`,
  `SELECT ${DSP_COLUMNS} FROM dsp_transfer WHERE key = ANY ($1::text[]) AND kind IN ('bill', 'refund')`,
];

/** What was booked in a window, into `booking`. */
export async function loadBookings(db: DuckDb, books: Queryable, { fromMs, toMs }: TimeWindow): Promise<void> {
  for (const { table, page } of JOURNALS) {
    const times = [Math.floor(fromMs), Math.floor(toMs)];
    // OFFSET 0: it would look for the ends of the ids by walking over all of them.
    const [ids] = await books.query<{ low: bigint | null; high: bigint | null }>(
      `SELECT min(id) AS low, max(id) AS high FROM (SELECT id FROM ${table} WHERE at_ms >= $1 AND at_ms < $2 OFFSET 0) AS t`,
      times,
    );
    if (ids?.low == null) continue;
    for (let from = Number(ids.low); from <= Number(ids.high); from += PAGE_IDS) {
      await insert(db, 'booking', BOOKING, await books.query(page, [from, from + PAGE_IDS, ...times]));
    }
  }
}

/** All that is booked of the keys in `suspect`, into `booking`. */
export async function loadBookingsOfSuspects(db: DuckDb, books: Queryable): Promise<void> {
  for (let offset = 0; ; offset += PAGE_KEYS) {
    const page = await db.rows(`SELECT key FROM suspect ORDER BY key LIMIT ${PAGE_KEYS} OFFSET ${offset}`);
    const keys = page.map(({ key }) => key);
    for (const sql of OF_KEYS) await insert(db, 'booking', BOOKING, await books.query(sql, [keys]));
    if (page.length < PAGE_KEYS) return;
  }
}

/** Where the consumers of a log stand. `source` null: of whatever log. */
export async function loadConsumed(
  db: DuckDb,
  table: 'consumed' | 'consumed_by_now',
  books: Queryable,
  source: string | null,
): Promise<void> {
  const rows = await books.query(
    `SELECT partition::bigint AS source_partition, max(next_offset) AS next_offset FROM consumer_offset
      WHERE next_offset IS NOT NULL AND ($1::text IS NULL OR source = $1) GROUP BY partition`,
    [source],
  );
  await insert(db, table, { source_partition: BIGINT, next_offset: BIGINT }, rows);
}

const DEAD_LETTER = { source_partition: BIGINT, source_offset: BIGINT, reason: VARCHAR };

/** Events that were read and not booked, into `dead_letter`. */
export async function loadDeadLetters(db: DuckDb, books: Queryable, source: string | null): Promise<void> {
  let [partition, offset] = [-1n, -1n];
  for (;;) {
    const rows = await books.query<{ source_partition: bigint; source_offset: bigint }>(
      `SELECT DISTINCT partition::bigint AS source_partition, log_offset AS source_offset, reason FROM dead_letter
        WHERE reason IN ('unknown-sale', 'refused') AND ($1::text IS NULL OR source = $1) AND (partition, log_offset) > ($2, $3)
        ORDER BY 1, 2 LIMIT ${PAGE_IDS}`,
      [source, partition, offset],
    );
    await insert(db, 'dead_letter', DEAD_LETTER, rows);
    if (rows.length < PAGE_IDS) return;
    ({ source_partition: partition, source_offset: offset } = rows.at(-1)!);
  }
}

const BOOKING = {
  key: VARCHAR,
  kind: VARCHAR,
  payer_kind: VARCHAR,
  payer: VARCHAR,
  publisher_id: VARCHAR,
  currency: VARCHAR,
  amount: BIGINT,
  fee: BIGINT,
  at_ms: BIGINT,
  charge_state: VARCHAR,
  charge_payer: VARCHAR,
  charge_publisher_id: VARCHAR,
  charge_amount: BIGINT,
  charge_fee: BIGINT,
  is_reported: BOOLEAN,
} satisfies Readonly<Record<string, DuckDBType>>;

async function insert(
  { connection }: DuckDb,
  table: string,
  columns: Readonly<Record<string, DuckDBType>>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const appender = await connection.createAppender(table);
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const page = rows.slice(from, from + CHUNK_ROWS);
    const chunk = DuckDBDataChunk.create(Object.values(columns), page.length);
    chunk.setColumns(Object.keys(columns).map((name) => page.map((row) => row[name] as DuckDBValue)));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
