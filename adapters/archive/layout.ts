/**
 * Where what lies in an archive folder:
 *
 *     raw/day=2026-11-21/hour=19/NAME.parquet   events of an hour, by their own time, UTC: a row each (`raw-columns.ts`)
 *     hourly/day=2026-11-21.parquet             what they come to, by hour (`hourly-rows.ts`)
 *     hourly/month=2026-10.parquet              the same, of a month that changes no more: days of it that are there still are in it
 *     places/                                   how far whose log has been archived (`places.ts`)
 *     spill/                                    of queries that do not fit into memory
 *
 * A row of `raw` may be there more than once: readers take one of each `id`.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const PARQUET = '.parquet';
/** Behind the name of a file. */
export const DAMAGED = '.damaged';
const DAY_FOLDER = /^day=(\d{4}-\d\d-\d\d)$/;
const HOUR_FOLDER = /^hour=([01]\d|2[0-3])$/;
const HOURLY_FILE = /^(day|month)=(\d{4}-\d\d(?:-\d\d)?)(\.parquet|\.parquet\.damaged)$/;

export interface ArchiveFile {
  readonly path: string;
  /** Start of the hour, or of the day, that it holds: epoch ms. */
  readonly startMs: number;
}

export interface HourlyFile extends ArchiveFile {
  readonly kind: 'day' | 'month';
  /** End of what it holds, epoch ms. */
  readonly endMs: number;
}

/** From `fromMs` until before `toMs`, epoch ms. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export const ALL_TIME: TimeWindow = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/** `2026-11-21`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** `atMs`: any time within the hour. */
export function rawHourFolder(archive: string, atMs: number): string {
  const hour = new Date(atMs).getUTCHours();
  return join(archive, 'raw', `day=${dayOf(atMs)}`, `hour=${String(hour).padStart(2, '0')}`);
}

/** `atMs`: any time within the day. */
export function hourlyFile(archive: string, atMs: number): string {
  return join(archive, 'hourly', `day=${dayOf(atMs)}${PARQUET}`);
}

/** `atMs`: any time within the month. */
export function monthFile(archive: string, atMs: number): string {
  return join(archive, 'hourly', `month=${dayOf(atMs).slice(0, 7)}${PARQUET}`);
}

/** Of the month, epoch ms. */
export function monthOf(atMs: number): { readonly startMs: number; readonly endMs: number } {
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}

export const placesFolder = (archive: string): string => join(archive, 'places');
export const spillFolder = (archive: string): string => join(archive, 'spill');

/** Raw files of the hours that the window touches, by hour, then by name. Rows outside of the window are in them as well. */
export function listRawFiles(archive: string, window: TimeWindow): Promise<ArchiveFile[]> {
  return listInHours(archive, window, PARQUET);
}

/** Files of either kind that could not be read when they were to be summed up: no longer among those, and removed with them. */
export async function listSetAside(archive: string, window: TimeWindow): Promise<ArchiveFile[]> {
  return [
    ...(await listInHours(archive, window, DAMAGED)),
    ...(await filesOfHours(archive, window, `${PARQUET}${DAMAGED}`)),
  ];
}

async function listInHours(archive: string, { fromMs, toMs }: TimeWindow, ending: string): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  const raw = join(archive, 'raw');
  for (const day of await namesIn(raw)) {
    const dayMs = startOf(DAY_FOLDER.exec(day)?.[1]);
    if (dayMs === null || dayMs >= toMs || dayMs + DAY_MS <= fromMs) continue;
    for (const hour of await namesIn(join(raw, day))) {
      const number = HOUR_FOLDER.exec(hour)?.[1];
      const startMs = dayMs + Number(number) * HOUR_MS;
      if (number === undefined || startMs >= toMs || startMs + HOUR_MS <= fromMs) continue;
      const folder = join(raw, day, hour);
      const names = (await namesIn(folder)).filter((name) => name.endsWith(ending));
      for (const name of names) files.push({ path: join(folder, name), startMs });
    }
  }
  return files;
}

export interface RawHour {
  /** Its start, epoch ms. */
  readonly hourMs: number;
  readonly paths: readonly string[];
}

/** By hour, in their order. */
export function rawHours(files: readonly ArchiveFile[]): RawHour[] {
  const hours = new Map<number, string[]>();
  for (const { path, startMs } of files) {
    const paths = hours.get(startMs);
    if (paths === undefined) hours.set(startMs, [path]);
    else paths.push(path);
  }
  return [...hours].map(([hourMs, paths]) => ({ hourMs, paths }));
}

/** Files of sums of the days that the window touches: what one says, no other does. */
export async function listHourlyFiles(archive: string, window: TimeWindow): Promise<HourlyFile[]> {
  const files = await filesOfHours(archive, window, PARQUET);
  const months = new Set(files.filter(({ kind }) => kind === 'month').map(({ startMs }) => startMs));
  return files.filter(({ kind, startMs }) => kind === 'month' || !months.has(monthOf(startMs).startMs));
}

/** Days that are in the file of their month as well. */
export async function listMergedDays(archive: string): Promise<HourlyFile[]> {
  const listed = new Set((await listHourlyFiles(archive, ALL_TIME)).map(({ path }) => path));
  return (await filesOfHours(archive, ALL_TIME, PARQUET)).filter(({ path }) => !listed.has(path));
}

async function filesOfHours(archive: string, { fromMs, toMs }: TimeWindow, ending: string): Promise<HourlyFile[]> {
  const files: HourlyFile[] = [];
  const folder = join(archive, 'hourly');
  for (const name of await namesIn(folder)) {
    const [, kind, time, found] = HOURLY_FILE.exec(name) ?? [];
    const startMs = startOf(time);
    if (found !== ending || startMs === null) continue;
    const endMs = kind === 'month' ? monthOf(startMs).endMs : startMs + DAY_MS;
    if (startMs >= toMs || endMs <= fromMs) continue;
    files.push({ path: join(folder, name), kind: kind as HourlyFile['kind'], startMs, endMs });
  }
  return files;
}

function startOf(day: string | undefined): number | null {
  const startMs = day === undefined ? Number.NaN : Date.parse(day);
  return Number.isNaN(startMs) ? null : startMs;
}

/** Sorted; none when it is not there, or just now no longer. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
