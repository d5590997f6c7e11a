import { copyFile, mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutcomeEvent, Sale } from '../../engine/events/outcome-events.ts';
import { buildOutcome, DSP_SALE } from '../../engine/events/testing/build-events.ts';
import { keepArchive } from './archive-keeper.ts';
import type { DamagedFile } from './damaged-files.ts';
import { ALL_TIME, DAY_MS, HOUR_MS, listHourlyFiles, listRawFiles } from './layout.ts';
import { writeRawFiles } from './raw-files.ts';
import { readReport } from './report-reader.ts';
import { archived, openTestArchive, type TestArchive } from './testing/archive-folder.ts';
import { figures } from './testing/figures.ts';

/** Start of an hour. */
const HOUR = Date.UTC(2026, 10, 21, 10);
const CLOSED = HOUR + HOUR_MS + 5 * 60_000;
const RAW_DAYS = 7;
const HOURLY_DAYS = 90;

let archive: TestArchive;
let damaged: DamagedFile[];
let offset: number;
beforeEach(async () => {
  archive = await openTestArchive();
  damaged = [];
  offset = 1;
});
afterEach(() => archive.dispose());

const options = () => ({
  db: archive.db,
  folder: archive.folder,
  rawRetentionMs: RAW_DAYS * DAY_MS,
  hourlyRetentionMs: HOURLY_DAYS * DAY_MS,
  onDamaged: (file: DamagedFile) => damaged.push(file),
});
const keep = (nowMs: number) => keepArchive(options(), nowMs);

async function write(events: readonly OutcomeEvent[]): Promise<void> {
  await writeRawFiles(archive.db, archive.folder, archived(events, offset), { nowMs: HOUR, keptFromMs: 0 });
  offset += events.length;
}

function impression(auctionId: string, atMs: number, sale: Partial<Sale> = {}): OutcomeEvent {
  return buildOutcome('impression', { auctionId, atMs, sale: { ...DSP_SALE, amount: 1000, soldAtMs: atMs, ...sale } });
}

/** Impressions and their revenue, by hour. */
async function shown(window = ALL_TIME): Promise<[string, number, number][]> {
  const rows = await figures(archive.db, archive.folder, 'revenue', window, { by: 'hour' });
  return rows.map(({ hour, impressions, revenue }) => [hour as string, impressions as number, revenue as number]);
}

const rawNames = async () => (await listRawFiles(archive.folder, ALL_TIME)).map(({ path }) => basename(path));
const summedDays = async () => (await listHourlyFiles(archive.folder, ALL_TIME)).map(({ path }) => basename(path));

describe('an hour that is over', () => {
  it('becomes one file and its sums, with the same figures', async () => {
    await write([impression('a', HOUR), impression('b', HOUR + 1)]);
    await write([impression('b', HOUR + 1), impression('c', HOUR + HOUR_MS - 1)]);
    const before = await shown();
    expect(before).toEqual([['2026-11-21T10', 3, 3000]]);
    await keep(CLOSED);
    expect(await rawNames()).toEqual([expect.stringMatching(/^merged-/)]);
    expect(await summedDays()).toEqual(['day=2026-11-21.parquet']);
    expect(await shown()).toEqual(before);
    expect(await archive.rawRows('id')).toHaveLength(4);
  });

  it('is left alone until then, and afterwards while nothing comes', async () => {
    await write([impression('a', HOUR)]);
    await write([impression('b', HOUR)]);
    await keep(CLOSED - 1);
    expect([(await rawNames()).length, await summedDays()]).toEqual([2, []]);
    await keep(CLOSED);
    const [names, sums] = [
      await rawNames(),
      await readFile((await listHourlyFiles(archive.folder, ALL_TIME))[0]!.path),
    ];
    await keep(CLOSED + 60_000);
    expect(await rawNames()).toEqual(names);
    expect(await readFile((await listHourlyFiles(archive.folder, ALL_TIME))[0]!.path)).toEqual(sums);
  });

  it('counts what comes late at once, and again from its sums', async () => {
    await write([impression('a', HOUR), impression('z', HOUR - HOUR_MS)]);
    await keep(CLOSED);
    await write([impression('b', HOUR + 5)]);
    const wanted = [
      ['2026-11-21T09', 1, 1000],
      ['2026-11-21T10', 2, 2000],
    ];
    expect(await shown()).toEqual(wanted);
    await keep(CLOSED + 60_000);
    expect(await shown()).toEqual(wanted);
  });

  it('goes on to be merged while it fills, when many parts have gathered', async () => {
    await write([impression('a', HOUR), impression('b', HOUR)]);
    const { path } = (await listRawFiles(archive.folder, ALL_TIME))[0]!;
    for (let part = 2; part < 64; part += 1) await copyFile(path, path.replace('part-', `part-${part}-`));
    await keep(HOUR + 30 * 60_000);
    expect(await rawNames()).toHaveLength(64 - 1);
    await copyFile(path, path.replace('part-', 'part-64-'));
    await keep(HOUR + 30 * 60_000);
    expect(await rawNames()).toEqual([expect.stringMatching(/^merged-/)]);
    expect(await shown()).toEqual([['2026-11-21T10', 2, 2000]]);
  });
});

describe('what was told again in a later hour', () => {
  const first = impression('a', HOUR, { soldAtMs: HOUR - 1000 });
  const again = impression('a', HOUR + 3 * HOUR_MS, { soldAtMs: HOUR - 1000 });
  const once = [['2026-11-21T10', 1, 1000]];

  it('counts once, where it happened first, before and behind the sums', async () => {
    await write([first, again]);
    expect(await shown()).toEqual(once);
    await keep(CLOSED);
    expect(await shown()).toEqual(once);
    await keep(CLOSED + 5 * HOUR_MS);
    expect(await shown()).toEqual(once);
    expect(await shown({ fromMs: HOUR + 3 * HOUR_MS, toMs: HOUR + 4 * HOUR_MS })).toEqual([]);
  });

  it('moves to where it happened first when that comes late', async () => {
    await write([again]);
    await keep(CLOSED + 5 * HOUR_MS);
    expect(await shown()).toEqual([['2026-11-21T13', 1, 1000]]);
    await write([first]);
    expect(await shown()).toEqual(once);
    await keep(CLOSED + 5 * HOUR_MS);
    expect(await shown()).toEqual(once);
  });
});

describe('retention', () => {
  it('keeps figures when the events of an hour go', async () => {
    await write([impression('a', HOUR), impression('b', HOUR + HOUR_MS)]);
    const wanted = [
      ['2026-11-21T10', 1, 1000],
      ['2026-11-21T11', 1, 1000],
    ];
    // An hour behind the time at which nobody writes to it any more.
    const dueMs = HOUR + RAW_DAYS * DAY_MS + 2 * HOUR_MS;
    await keep(dueMs - 1);
    expect([await rawNames(), await shown()]).toEqual([[expect.anything(), expect.anything()], wanted]);
    await keep(dueMs);
    expect([await rawNames(), await shown()]).toEqual([[expect.anything()], wanted]);
    await keep(dueMs + HOUR_MS);
    expect([await rawNames(), await shown()]).toEqual([[], wanted]);
    expect(await readdir(join(archive.folder, 'raw'))).toEqual([]);
  });
});

describe('a month', () => {
  const mergedMs = Date.UTC(2026, 11, 1) + (RAW_DAYS + 2) * DAY_MS;
  const november = { fromMs: Date.UTC(2026, 10, 1), toMs: Date.UTC(2026, 11, 1) };

  it('that changes no more is one file, with the same figures, and goes when all of it is old', async () => {
    await write([impression('a', HOUR), impression('b', HOUR + DAY_MS), impression('c', HOUR + 20 * DAY_MS)]);
    await keep(mergedMs - 1);
    const before = await shown();
    const [day] = await listHourlyFiles(archive.folder, november);
    const rescued = await readFile(day!.path);
    await keep(mergedMs);
    expect(await summedDays()).toEqual(['month=2026-11.parquet']);
    expect(await shown(november)).toEqual(before.slice(0, 2));
    // A day that a killed process has left is in its month.
    await writeFile(day!.path, rescued);
    expect(await shown(november)).toEqual(before.slice(0, 2));
    expect(await shown({ fromMs: HOUR, toMs: HOUR + HOUR_MS })).toEqual(before.slice(0, 1));
    await keep(mergedMs);
    expect(await readdir(join(archive.folder, 'hourly'))).toEqual(['month=2026-11.parquet']);
    await keep(november.toMs + HOURLY_DAYS * DAY_MS - 1);
    expect(await shown(november)).toEqual(before.slice(0, 2));
    await keep(november.toMs + HOURLY_DAYS * DAY_MS);
    expect(await shown(november)).toEqual([]);
  });
});

describe('a process that was killed', () => {
  it('between a merged file and the end of its parts has counted nothing twice', async () => {
    await write([impression('a', HOUR), impression('b', HOUR)]);
    await write([impression('c', HOUR)]);
    const files = await listRawFiles(archive.folder, ALL_TIME);
    const rescued = await Promise.all(files.map(async ({ path }) => [path, await readFile(path)] as const));
    await keep(CLOSED);
    for (const [path, bytes] of rescued) await writeFile(path, bytes);
    expect(await shown()).toEqual([['2026-11-21T10', 3, 3000]]);
    await keep(CLOSED + 60_000);
    expect(await shown()).toEqual([['2026-11-21T10', 3, 3000]]);
  });

  it('leaves a file that nobody reads, and that goes after an hour', async () => {
    await write([impression('a', HOUR)]);
    const path = join((await listRawFiles(archive.folder, ALL_TIME))[0]!.path, '..', 'x.unfinished');
    await writeFile(path, 'half');
    const nowMs = Date.now();
    await utimes(path, nowMs / 1000 - 3500, nowMs / 1000 - 3500);
    await keep(nowMs);
    expect(await readdir(join(path, '..'))).toHaveLength(2);
    await utimes(path, nowMs / 1000 - 3700, nowMs / 1000 - 3700);
    await keep(nowMs);
    expect(await readdir(join(path, '..'))).toHaveLength(1);
  });
});

describe('a damaged file', () => {
  const cut = async (path: string): Promise<void> => truncate(path, (await readFile(path)).length - 20);

  it('is named by a report that goes on without it', async () => {
    await write([impression('a', HOUR)]);
    await write([impression('b', HOUR)]);
    const { path } = (await listRawFiles(archive.folder, ALL_TIME))[0]!;
    await cut(path);
    const request = { by: 'total', filters: {}, includesTests: false } as const;
    const answer = await readReport(archive.db, archive.folder, { name: 'revenue', window: ALL_TIME, request });
    expect(answer.damaged.map((file) => file.path)).toEqual([path]);
    expect(answer.rows).toMatchObject([{ impressions: 1n }]);
  });

  it('costs no figure of an hour that was summed up before', async () => {
    await write([impression('a', HOUR)]);
    await keep(CLOSED);
    await cut((await listRawFiles(archive.folder, ALL_TIME))[0]!.path);
    expect(await shown()).toEqual([['2026-11-21T10', 1, 1000]]);
  });

  it('is set aside when its hour is summed up, and named from then on', async () => {
    await write([impression('a', HOUR)]);
    await write([impression('b', HOUR)]);
    const { path } = (await listRawFiles(archive.folder, ALL_TIME))[0]!;
    await cut(path);
    await keep(CLOSED);
    await keep(CLOSED + 60_000);
    expect(damaged.map((file) => file.path)).toEqual([path]);
    const request = { by: 'total', filters: {}, includesTests: false } as const;
    const answer = await readReport(archive.db, archive.folder, { name: 'revenue', window: ALL_TIME, request });
    expect(answer.damaged.map((file) => file.path)).toEqual([`${path}.damaged`]);
    expect(answer.rows).toMatchObject([{ impressions: 1n }]);
    expect(await summedDays()).toEqual(['day=2026-11-21.parquet']);
  });
});

it('an empty folder has no figures, and is kept as well', async () => {
  await mkdir(archive.folder, { recursive: true });
  await keep(CLOSED);
  expect(await shown()).toEqual([]);
});

it('whatever comes in whatever order, with the keeper in between, figures are those of one of each id', async () => {
  const minute = fc.integer({ min: 0, max: 5 * 60 });
  const steps = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('tell' as const), ad: fc.integer({ min: 0, max: 5 }), minute }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('keep' as const), minute }) },
    ),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const own = await openTestArchive();
      try {
        const firstAt = new Map<number, number>();
        let at = 1;
        for (const step of taken) {
          const atMs = HOUR + step.minute * 60_000;
          if (step.kind === 'keep') {
            await keepArchive({ ...options(), db: own.db, folder: own.folder }, atMs);
            continue;
          }
          const event = impression(`ad-${step.ad}`, atMs, { soldAtMs: HOUR });
          await writeRawFiles(own.db, own.folder, archived([event], at++), { nowMs: HOUR, keptFromMs: 0 });
          firstAt.set(step.ad, Math.min(firstAt.get(step.ad) ?? Number.MAX_SAFE_INTEGER, atMs));
        }
        const byHour = new Map<string, number>();
        for (const atMs of firstAt.values()) {
          const hour = new Date(atMs).toISOString().slice(0, 13);
          byHour.set(hour, (byHour.get(hour) ?? 0) + 1);
        }
        const rows = await figures(own.db, own.folder, 'revenue', ALL_TIME, { by: 'hour' });
        expect(rows.map(({ hour, impressions }) => [hour, impressions])).toEqual(
          [...byHour].sort(([a], [b]) => (a < b ? -1 : 1)),
        );
      } finally {
        await own.dispose();
      }
    }),
    { numRuns: 10 },
  );
});
