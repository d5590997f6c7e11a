/**
 * Sums up the raw files of an hour, each event once: the first of those that have its id. Its like may stand in an earlier hour
 * too, when somebody has told the same thing again: then it has counted there.
 */
import { basename } from 'node:path';
import { type DuckDb, parquet } from './duckdb.ts';
import { HOURLY_TABLE, hourlyQueries } from './hourly-rows.ts';
import { listRawFiles, type RawHour } from './layout.ts';

/** All that is summed up so far. */
export const SUMS = 'hourly_sums';

export async function beginSums(db: DuckDb): Promise<void> {
  await db.run(`CREATE OR REPLACE TEMP TABLE ${SUMS} (${HOURLY_TABLE})`);
}

/** Whether a file is to be read: those that are known to be damaged are not. */
export type IsReadable = (path: string) => boolean;

/** `paths`: its raw files, one at least. Rejects when one cannot be read; then nothing of the hour is in the sums. */
export async function sumUpHour(
  db: DuckDb,
  archive: string,
  { hourMs, paths }: RawHour,
  isReadable: IsReadable,
): Promise<void> {
  const readable = paths.filter(isReadable);
  const marker = `SELECT 'hour' AS kind, ${hourMs}::BIGINT AS hour_ms, string_split($1, '/') AS files`;
  const queries = [marker];
  if (readable.length > 0) {
    await makeFirstRows(db, archive, { hourMs, paths: readable }, isReadable);
    queries.push(...hourlyQueries('first_rows', hourMs));
  }
  await db.run(`INSERT INTO ${SUMS} BY NAME ${queries.join(' UNION ALL BY NAME ')}`, [fileNames(paths)]);
}

/** As the row of kind `hour` has them, with a slash between. */
export function fileNames(paths: readonly string[]): string {
  return paths
    .map((path) => basename(path))
    .sort()
    .join('/');
}

/**
 * The view `first_rows`. Most ids are there once: those that are not are found by their hash, of eight bytes each, and only they are put
 * in order, so that the memory for it does not grow with the auctions of an hour.
 */
async function makeFirstRows(
  db: DuckDb,
  archive: string,
  { hourMs, paths }: RawHour,
  isReadable: IsReadable,
): Promise<void> {
  const raw = parquet(paths);
  await db.run(`CREATE OR REPLACE TEMP TABLE repeated AS
    SELECT hash(id) AS id_hash FROM ${raw} GROUP BY id_hash HAVING count(*) > 1`);
  await findToldBefore(db, archive, { hourMs, raw, isReadable });
  const columns = `SELECT * EXCLUDE (payload) FROM ${raw}`;
  await db.run(`CREATE OR REPLACE TEMP VIEW first_rows AS
    SELECT * FROM (
      ${columns} WHERE hash(id) NOT IN (FROM repeated)
      UNION ALL BY NAME
      ${columns} WHERE hash(id) IN (FROM repeated)
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY at_ms, source_partition, source_offset) = 1
    ) WHERE id NOT IN (FROM told_before)`);
}

/** Only what was sold before the hour can have been told of in an earlier one. */
async function findToldBefore(
  db: DuckDb,
  archive: string,
  { hourMs, raw, isReadable }: { readonly hourMs: number; readonly raw: string; readonly isReadable: IsReadable },
): Promise<void> {
  const soldBefore = `FROM ${raw} WHERE sold_at_ms < ${hourMs}`;
  const [row] = await db.rows(`SELECT min(sold_at_ms) AS from_ms ${soldBefore}`);
  const fromMs = Number(row!.from_ms ?? hourMs);
  const files = fromMs < hourMs ? await listRawFiles(archive, { fromMs, toMs: hourMs }) : [];
  const earlier = files.map(({ path }) => path).filter(isReadable);
  const ids =
    earlier.length === 0
      ? 'SELECT NULL::VARCHAR AS id WHERE false'
      : `SELECT DISTINCT id FROM ${parquet(earlier)}
           WHERE sold_at_ms IS NOT NULL AND id IN (SELECT id ${soldBefore})`;
  await db.run(`CREATE OR REPLACE TEMP TABLE told_before AS ${ids}`);
}
