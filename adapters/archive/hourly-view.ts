/**
 * All hours of a window as one table: those that are summed up from their files of a day, the others from their raw files, so that
 * what has just happened shows. No hour comes from both: its sums hold while they name the raw files that are there, and when
 * there are none any more.
 */
import { type DuckDb, parquet } from './duckdb.ts';
import { beginSums, fileNames, type IsReadable, SUMS, sumUpHour } from './hour-sums.ts';
import {
  type ArchiveFile,
  HOUR_MS,
  listHourlyFiles,
  listRawFiles,
  type RawHour,
  rawHours,
  type TimeWindow,
} from './layout.ts';

/** The rows of the window, whole hours, as SQL for `FROM`. Rejects when a raw file cannot be read. */
export async function hourlyRows(
  db: DuckDb,
  archive: string,
  window: TimeWindow,
  isReadable: IsReadable,
): Promise<string> {
  const summed = (await listHourlyFiles(archive, window)).filter(({ path }) => isReadable(path));
  const open = await hoursToSum(db, summed, await listRawFiles(archive, window), isReadable);
  await beginSums(db);
  for (const hour of open) await sumUpHour(db, archive, hour, isReadable);
  const kept =
    summed.length === 0
      ? ''
      : `UNION ALL BY NAME SELECT * FROM ${parquet(summed.map(({ path }) => path))}
           WHERE kind <> 'hour' AND hour_ms NOT IN (SELECT hour_ms FROM ${SUMS} WHERE kind = 'hour')
             AND hour_ms >= ${window.fromMs} AND hour_ms < ${window.toMs}`;
  return `(SELECT * FROM ${SUMS} WHERE kind <> 'hour' ${kept})`;
}

/** Of the hours with raw files, those whose sums are not of just these, and what hangs on them. */
export async function hoursToSum(
  db: DuckDb,
  summed: readonly ArchiveFile[],
  raw: readonly ArchiveFile[],
  isReadable: IsReadable,
): Promise<readonly RawHour[]> {
  const sums = await summedFiles(db, summed);
  const hours = rawHours(raw);
  const stale = hours.filter(({ hourMs, paths }) => sums.get(hourMs) !== fileNames(paths));
  const toldLater = await hoursToldLater(db, stale, hours, isReadable);
  return hours.filter((hour) => stale.includes(hour) || toldLater.has(hour.hourMs));
}

/** Hours behind those in which the same was told again: before it came here, it has counted there. */
async function hoursToldLater(
  db: DuckDb,
  stale: readonly RawHour[],
  hours: readonly RawHour[],
  isReadable: IsReadable,
): Promise<ReadonlySet<number>> {
  const later = hours.filter((hour) => stale.length > 0 && hour.hourMs > stale[0]!.hourMs && !stale.includes(hour));
  const [first, behind] = [stale, later].map((some) => some.flatMap(({ paths }) => paths).filter(isReadable));
  if (first!.length === 0 || behind!.length === 0) return new Set();
  const rows = await db.rows(
    `SELECT DISTINCT at_ms // ${HOUR_MS} AS hour FROM ${parquet(behind!)}
      WHERE sold_at_ms < at_ms // ${HOUR_MS} * ${HOUR_MS}
        AND id IN (SELECT id FROM ${parquet(first!)} WHERE sold_at_ms IS NOT NULL)`,
  );
  return new Set(rows.map(({ hour }) => Number(hour) * HOUR_MS));
}

/** Names of the raw files that the sums of each hour were made from. */
async function summedFiles(db: DuckDb, summed: readonly ArchiveFile[]): Promise<Map<number, string>> {
  if (summed.length === 0) return new Map();
  const rows = await db.rows(
    `SELECT hour_ms, array_to_string(files, '/') AS files FROM ${parquet(summed.map(({ path }) => path))} WHERE kind = 'hour'`,
  );
  return new Map(rows.map(({ hour_ms, files }) => [Number(hour_ms), String(files)]));
}
