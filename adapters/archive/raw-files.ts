/** Writes and rewrites raw files: each is there whole or not at all. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { BIGINT, DuckDBDataChunk, type DuckDBValue, INTEGER, VARCHAR } from '@duckdb/node-api';
import type { ArchivedEvent } from '../../engine/ports/event-archive.ts';
import { type DuckDb, literal, parquet } from './duckdb.ts';
import { putFile } from './durable-file.ts';
import { HOUR_MS, rawHourFolder } from './layout.ts';
import { rawRowsOf } from './raw-columns.ts';

/** Begins the names of files as events were written. */
export const PART = 'part-';
/** Begins the names of those that parts were merged into. */
export const MERGED = 'merged-';
/** Few enough that a group of large auctions fits into memory, also where it is read. */
const ROW_GROUP_ROWS = 8192;
const FORMAT = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`;
/** Sums are small; their groups cost more to open than to read. */
const HOURLY_FORMAT = 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880';
/** As many as a chunk of DuckDB holds. */
const CHUNK_ROWS = 2048;
const STORED_COLUMNS = [INTEGER, BIGINT, VARCHAR, VARCHAR, BIGINT, VARCHAR];

export interface WrittenRows {
  readonly rows: number;
  readonly files: number;
  /** Their hours are over for longer than raw files are kept. */
  readonly tooOld: number;
}

/**
 * A file for each hour that the events are of, durable when this resolves. Events from before `keptFromMs` are left out: what they
 * come to has been summed up, and their likes removed. One call at a time. When it rejects, some may have been written:
 * they are to be written again.
 */
export async function writeRawFiles(
  db: DuckDb,
  archive: string,
  events: readonly ArchivedEvent[],
  { nowMs, keptFromMs }: { readonly nowMs: number; readonly keptFromMs: number },
): Promise<WrittenRows> {
  await stage(db, events, nowMs);
  await db.run(`CREATE OR REPLACE TEMP TABLE raw_rows AS ${rawRowsOf('stored')}`);
  await db.run('DROP TABLE stored');
  const hours = await db.rows(
    `SELECT at_ms // ${HOUR_MS} AS hour, count(*) AS rows FROM raw_rows GROUP BY hour ORDER BY hour`,
  );
  let [rows, files, tooOld] = [0, 0, 0];
  for (const hour of hours) {
    const startMs = Number(hour.hour) * HOUR_MS;
    if (startMs < keptFromMs) {
      tooOld += Number(hour.rows);
      continue;
    }
    const path = join(rawHourFolder(archive, startMs), `${PART}${randomUUID()}.parquet`);
    await writeParquet(db, path, `FROM raw_rows WHERE at_ms // ${HOUR_MS} = ${startMs / HOUR_MS}`);
    rows += Number(hour.rows);
    files += 1;
  }
  await db.run('DROP TABLE raw_rows');
  return { rows, files, tooOld };
}

/** Rows of a query become a file, in the place of one that may be there. */
export async function writeParquet(
  db: DuckDb,
  path: string,
  query: string,
  values: readonly DuckDBValue[] = [],
): Promise<void> {
  await putFile(path, (draft) => db.run(`COPY (${query}) TO ${literal(draft)} (${FORMAT})`, values));
}

/** The same for sums. */
export async function writeHourly(db: DuckDb, path: string, query: string): Promise<void> {
  await putFile(path, (draft) => db.run(`COPY (${query}) TO ${literal(draft)} (${HOURLY_FORMAT})`));
}

/**
 * Puts what `query` makes of the rows of one raw file in its place: `query` reads the table `file`, and must give the same
 * columns (`SELECT * REPLACE (NULL AS user_key) FROM file`). Values stand for `$1`, `$2`, ... The file keeps its name, so what was
 * summed up from it stays as it is. Whoever calls holds the lock of the archive (`archive-lock.ts`).
 */
export async function rewriteRawFile(
  db: DuckDb,
  path: string,
  query: string,
  values: readonly DuckDBValue[] = [],
): Promise<void> {
  await writeParquet(db, path, `WITH file AS (FROM ${parquet([path])}) ${query}`, values);
}

async function stage({ connection, run }: DuckDb, events: readonly ArchivedEvent[], nowMs: number): Promise<void> {
  await run(`CREATE OR REPLACE TEMP TABLE stored
    (log_partition INTEGER, log_offset BIGINT, stored_id VARCHAR, stored_type VARCHAR, archived_at_ms BIGINT, payload VARCHAR)`);
  const appender = await connection.createAppender('stored');
  const archivedAtMs = BigInt(Math.floor(nowMs));
  for (let from = 0; from < events.length; from += CHUNK_ROWS) {
    const rows = events.slice(from, from + CHUNK_ROWS);
    const chunk = DuckDBDataChunk.create(STORED_COLUMNS, rows.length);
    chunk.setColumns([
      rows.map(({ partition }) => partition),
      rows.map(({ offset }) => BigInt(offset)),
      rows.map(({ id }) => id),
      rows.map(({ type }) => type),
      rows.map(() => archivedAtMs),
      rows.map(({ payload }) => withoutLoneSurrogates(decoder.decode(payload))),
    ]);
    appender.appendDataChunk(chunk);
    // The process has other things to do than this.
    await new Promise((resolve) => setImmediate(resolve));
  }
  appender.closeSync();
}

const decoder = new TextDecoder();

/** An escape of half a character, as strangers' ids may have: DuckDB takes the whole event for no JSON. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\u(d[89a-f][0-9a-f]{2})/gi;

/** JSON in which such a half is U+FFFD and its four digits, as in the books (engine/campaign/storable.ts). */
export function withoutLoneSurrogates(json: string): string {
  return json.includes('\\ud') ? json.replace(LONE_SURROGATE, '$1\ufffd$2') : json;
}
