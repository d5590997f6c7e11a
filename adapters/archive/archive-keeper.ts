/**
 * Keeps an archive small and quick to read: merges the many files of an hour, sums hours up that are over, and removes what is older
 * than it is to be kept. Each step leaves an archive that gives the same figures, wherever it is cut short.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withArchiveLock } from './archive-lock.ts';
import { type DamagedFile, findDamaged } from './damaged-files.ts';
import { type DuckDb, parquet } from './duckdb.ts';
import { UNFINISHED } from './durable-file.ts';
import { beginSums, SUMS, sumUpHour } from './hour-sums.ts';
import { hoursToSum } from './hourly-view.ts';
import {
  ALL_TIME,
  type ArchiveFile,
  DAMAGED,
  DAY_MS,
  HOUR_MS,
  hourlyFile,
  listHourlyFiles,
  listMergedDays,
  listRawFiles,
  monthFile,
  monthOf,
  placesFolder,
  rawHourFolder,
  rawHours,
} from './layout.ts';
import { keptFrom } from './parquet-archive.ts';
import { MERGED, PART, writeHourly, writeParquet } from './raw-files.ts';

export interface KeeperOptions {
  readonly db: DuckDb;
  readonly folder: string;
  readonly rawRetentionMs: number;
  readonly hourlyRetentionMs: number;
  readonly onDamaged: (file: DamagedFile) => void;
}

/** Behind its end, so that most of what is late by a little comes before it is summed up for the first time. */
const CLOSED_AFTER_MS = 5 * 60_000;
/** Parts that make a merged file: of an hour that goes on; of one that is over; of what came late to one that was merged. */
const PARTS_TO_MERGE = { open: 64, closed: 2, late: 16 } as const;
/** Whoever writes an hour's last events may have looked at the clock so long ago. */
const REMOVED_AFTER_MS = HOUR_MS;
/** Behind the time at which the last of its raw files go. */
const MONTH_MERGED_AFTER_MS = 2 * DAY_MS;
/** Whatever is being written takes less. */
const UNFINISHED_MS_MAX = HOUR_MS;
const LOCK_WAIT_MS = 10_000;

/**
 * One round. Rejects with a FolderLockedError while another process changes the archive, and with whatever cannot be done: the next
 * round does it. What cannot be read is set aside, once.
 */
export function keepArchive(options: KeeperOptions, nowMs: number): Promise<void> {
  return withArchiveLock(options.folder, LOCK_WAIT_MS, async () => {
    await removeUnfinished(options.folder, nowMs);
    try {
      await mergeParts(options, nowMs);
      await sumUpClosedHours(options, nowMs);
    } catch (error) {
      if (!(await setDamagedAside(options))) throw error;
    }
    await removeOldHours(options, nowMs);
    await mergeMonths(options, nowMs);
    await removeOldSums(options, nowMs);
  });
}

async function mergeParts({ db, folder }: KeeperOptions, nowMs: number): Promise<void> {
  for (const { hourMs, paths } of rawHours(await listRawFiles(folder, ALL_TIME))) {
    const parts = paths.filter((path) => basename(path).startsWith(PART));
    const hasMerged = parts.length < paths.length;
    const enough = isClosed(hourMs, nowMs) ? (hasMerged ? 'late' : 'closed') : 'open';
    if (parts.length < PARTS_TO_MERGE[enough]) continue;
    const merged = join(rawHourFolder(folder, hourMs), `${MERGED}${randomUUID()}.parquet`);
    // Until the parts are gone their rows are there twice, which readers know.
    await writeParquet(db, merged, `FROM ${parquet(parts)}`);
    for (const part of parts) await rm(part);
  }
}

async function sumUpClosedHours({ db, folder }: KeeperOptions, nowMs: number): Promise<void> {
  const summed = await listHourlyFiles(folder, ALL_TIME);
  const raw = (await listRawFiles(folder, ALL_TIME)).filter(({ startMs }) => isClosed(startMs, nowMs));
  const hours = await hoursToSum(db, summed, raw, isThere);
  for (const dayMs of new Set(hours.map(({ hourMs }) => Math.floor(hourMs / DAY_MS) * DAY_MS))) {
    await beginSums(db);
    for (const hour of hours.filter(({ hourMs }) => hourMs >= dayMs && hourMs < dayMs + DAY_MS)) {
      await sumUpHour(db, folder, hour, isThere);
    }
    await putSums(db, folder, dayMs, summed);
  }
}

/** What is summed up, in the place of what the file of the day says of the same hours. Rows of a kind lie together. */
async function putSums(db: DuckDb, folder: string, dayMs: number, summed: readonly ArchiveFile[]): Promise<void> {
  const before = summed.find(({ startMs }) => startMs === dayMs);
  const kept =
    before === undefined
      ? ''
      : `UNION ALL BY NAME SELECT * FROM ${parquet([before.path])}
          WHERE hour_ms NOT IN (SELECT hour_ms FROM ${SUMS} WHERE kind = 'hour')`;
  await writeHourly(
    db,
    hourlyFile(folder, dayMs),
    `SELECT * FROM (SELECT * FROM ${SUMS} ${kept}) ORDER BY kind, hour_ms`,
  );
}

/** Hours whose sums are of just these files, at once for readers: a file alone would be taken for all of its hour. */
async function removeOldHours({ db, folder, rawRetentionMs }: KeeperOptions, nowMs: number): Promise<void> {
  const toMs = keptFrom(nowMs, rawRetentionMs) - REMOVED_AFTER_MS;
  const raw = await listRawFiles(folder, { fromMs: 0, toMs });
  const unsummed = await hoursToSum(db, await listHourlyFiles(folder, { fromMs: 0, toMs }), raw, isThere);
  for (const hour of rawHours(raw)) {
    if (unsummed.some(({ hourMs }) => hourMs === hour.hourMs)) continue;
    const aside = join(folder, 'raw', `removed-${randomUUID()}${UNFINISHED}`);
    await rename(rawHourFolder(folder, hour.hourMs), aside);
    await rm(aside, { recursive: true });
    await removeIfEmpty(dirname(rawHourFolder(folder, hour.hourMs)));
  }
}

/** Of months of which no hour is to be summed up again: a year of days takes longer to open than to read. */
async function mergeMonths({ db, folder, rawRetentionMs }: KeeperOptions, nowMs: number): Promise<void> {
  const days = (await listHourlyFiles(folder, ALL_TIME)).filter(({ kind }) => kind === 'day');
  for (const startMs of new Set(days.map((day) => monthOf(day.startMs).startMs))) {
    const month = monthOf(startMs);
    if (month.endMs + rawRetentionMs + MONTH_MERGED_AFTER_MS > nowMs) continue;
    if ((await listRawFiles(folder, { fromMs: startMs, toMs: month.endMs })).length > 0) continue;
    const paths = days.filter((day) => day.startMs >= startMs && day.endMs <= month.endMs).map(({ path }) => path);
    const query = `SELECT * FROM ${parquet(paths)} WHERE kind <> 'hour' ORDER BY kind, hour_ms`;
    await writeHourly(db, monthFile(folder, startMs), query);
  }
  for (const { path } of await listMergedDays(folder)) await rm(path);
}

async function removeOldSums({ folder, hourlyRetentionMs }: KeeperOptions, nowMs: number): Promise<void> {
  const files = await listHourlyFiles(folder, ALL_TIME);
  for (const { path, endMs } of files) if (endMs <= nowMs - hourlyRetentionMs) await rm(path);
}

async function removeIfEmpty(folder: string): Promise<void> {
  if ((await readdir(folder)).length === 0) await rm(folder, { recursive: true });
}

/** What killed processes have left. */
async function removeUnfinished(folder: string, nowMs: number): Promise<void> {
  const hours = rawHours(await listRawFiles(folder, ALL_TIME)).map(({ hourMs }) => rawHourFolder(folder, hourMs));
  for (const place of [placesFolder(folder), join(folder, 'hourly'), join(folder, 'raw'), ...hours]) {
    const names = await readdir(place).catch(() => []);
    for (const name of names.filter((candidate) => candidate.endsWith(UNFINISHED))) {
      const path = join(place, name);
      const status = await stat(path).catch(() => null);
      if (status !== null && status.mtimeMs < nowMs - UNFINISHED_MS_MAX)
        await rm(path, { recursive: true, force: true });
    }
  }
}

/** Whether there were any: then they are under another name, and the next round goes on without them. */
async function setDamagedAside({ db, folder, onDamaged }: KeeperOptions): Promise<boolean> {
  const files = [...(await listRawFiles(folder, ALL_TIME)), ...(await listHourlyFiles(folder, ALL_TIME))];
  const damaged = await findDamaged(
    db,
    files.map(({ path }) => path),
  );
  for (const file of damaged) {
    await rename(file.path, `${file.path}${DAMAGED}`);
    onDamaged(file);
  }
  return damaged.length > 0;
}

/** What cannot be read is set aside. */
const isThere = (): boolean => true;

function isClosed(hourMs: number, nowMs: number): boolean {
  return hourMs + HOUR_MS + CLOSED_AFTER_MS <= nowMs;
}
