/** How quickly a year of the archive is answered from, and what writing to it costs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '../adapters/archive/duckdb.ts';
import { beginSums, SUMS } from '../adapters/archive/hour-sums.ts';
import { DAY_MS, HOUR_MS, hourlyFile, monthFile, monthOf, spillFolder } from '../adapters/archive/layout.ts';
import { writeHourly, writeRawFiles } from '../adapters/archive/raw-files.ts';
import { readReport } from '../adapters/archive/report-reader.ts';
import { REPORTS, type ReportName } from '../adapters/archive/reports.ts';
import type { ArchivedEvent } from '../engine/ports/event-archive.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { outcomeEvents } from './payloads/outcome-events.ts';

const NAMES = Object.keys(REPORTS) as ReportName[];
export const ARCHIVE_NAMES = [
  'events.report_ms',
  ...NAMES.map((name) => `events.report_ms.${name}`),
  'events.archive_rate',
  'events.archive_cpu_us',
];

const START_MS = Date.UTC(2025, 0, 1);
const DAYS = 365;
/** Of a full run: fewer auctions than that are days in proportion. */
const AUCTIONS_PER_YEAR = 100_000;
const MEMORY_BYTES = 256 * 1024 * 1024;
/** As are flushed at once by default. */
const WRITTEN_AT_ONCE = 100_000;

/** As configured by default: one thread, little memory. */
async function openBounded(folder: string): Promise<DuckDb> {
  return openDuckDb({ threads: 1, memoryBytesMax: MEMORY_BYTES, spillFolder: spillFolder(folder) });
}

/** `events.report_ms` is that of the slowest report. */
export async function measureArchive(context: BenchContext): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-archive-bench-'));
  try {
    const reports = await measureReports(folder, context);
    const slowest = Math.max(...reports.map(({ value }) => value));
    const writing = await measureWriting(folder, context);
    return [{ name: 'events.report_ms', value: slowest, unit: 'ms' }, ...reports, ...writing];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureReports(folder: string, { scale, progress }: BenchContext): Promise<Measurement[]> {
  const days = Math.max(2, Math.round((DAYS * Math.min(scale.auctions, AUCTIONS_PER_YEAR)) / AUCTIONS_PER_YEAR));
  const rows = await writeDays(folder, days);
  progress(`  ${days} days of hours, ${rows} rows`);
  const window = { fromMs: START_MS, toMs: START_MS + days * DAY_MS };
  const request = { by: 'total', filters: {}, includesTests: false } as const;
  const measured: Measurement[] = [];
  for (const name of NAMES) {
    const times: number[] = [];
    for (let round = 0; round <= scale.rounds; round += 1) {
      const startedAtMs = performance.now();
      const opened = await openBounded(folder);
      await readReport(opened, folder, { name, window, request });
      times.push(performance.now() - startedAtMs);
      opened.close();
    }
    // The first finds the files on the disk, the others in memory.
    measured.push({ name: `events.report_ms.${name}`, value: median(times.slice(1)), unit: 'ms' });
  }
  return measured;
}

/** Of every hour: 50 DSPs of 2 results in 12 durations and 12 prices; 200 placements; 300 lines of what was sold. */
const DAY = `SELECT * REPLACE (hour * ${HOUR_MS} AS hour_ms) FROM range(24) h(hour), (
  SELECT 'call' AS kind, 0 AS hour_ms, false AS is_test, 'dsp-' || d AS dsp_id, ['bid', 'no-bid'][r] AS result,
    30 + b AS duration_bucket, 1000 AS calls FROM range(50) t(d), range(1, 3) u(r), range(12) v(b)
  UNION ALL BY NAME SELECT 'bid' AS kind, false AS is_test, 'dsp-' || d AS dsp_id, 'USD' AS currency,
    55 + b AS price_bucket, 500 AS bids, 20 AS won, 3 AS refused FROM range(50) t(d), range(12) v(b)
  UNION ALL BY NAME SELECT 'auction' AS kind, false AS is_test, ['won', 'no-bid'][r] AS ending,
    35 + b AS duration_bucket, 900 AS auctions FROM range(1, 3) u(r), range(12) v(b)
  UNION ALL BY NAME SELECT 'fill' AS kind, false AS is_test, 'pub-' || p % 20 AS publisher_id,
    'placement-' || p AS placement_id, 100 AS imps, 1 AS unanswered, 80 AS filled FROM range(200) t(p)
  UNION ALL BY NAME SELECT 'delivery' AS kind, false AS is_test, 'pub-' || p % 20 AS publisher_id,
    'placement-' || p % 200 AS placement_id, 'banner' AS media, ['house', 'dsp'][1 + p % 2] AS payer,
    CASE WHEN p % 2 = 1 THEN 'dsp-' || p % 50 END AS dsp_id, 'advertiser-' || p % 40 AS advertiser_id,
    'campaign-' || p % 60 AS campaign_id, '' AS line_item_id, 'USD' AS currency, 60 AS wins, 50 AS impressions,
    40 AS viewables, 1 AS clicks, 0 AS conversions, 2 AS expired, 0 AS refunds, 1500000 AS revenue_nanos,
    0 AS refunded_nanos, 0 AS guaranteed_impressions FROM range(300) t(p))`;

/** As the keeper of an archive leaves them: a file for each month, then one for each day. All rows. */
async function writeDays(folder: string, days: number): Promise<number> {
  const db = await openBounded(folder);
  await beginSums(db);
  await db.run(`INSERT INTO ${SUMS} BY NAME SELECT * EXCLUDE (hour) FROM (${DAY})`);
  const endMs = START_MS + days * DAY_MS;
  for (let startMs = START_MS; startMs < endMs; ) {
    const month = monthOf(startMs);
    const isMerged = month.endMs + 10 * DAY_MS <= endMs;
    const toMs = isMerged ? month.endMs : startMs + DAY_MS;
    const path = isMerged ? monthFile(folder, startMs) : hourlyFile(folder, startMs);
    const query = `SELECT * REPLACE (hour_ms + day_ms AS hour_ms) FROM ${SUMS}, range(${startMs}, ${toMs}, ${DAY_MS}) d(day_ms)`;
    await writeHourly(db, path, `SELECT * EXCLUDE (day_ms) FROM (${query}) ORDER BY kind, hour_ms`);
    startMs = toMs;
  }
  const [count] = await db.rows(`SELECT count(*) AS rows FROM ${SUMS}`);
  db.close();
  return Number(count!.rows) * days;
}

async function measureWriting(folder: string, { scale, seed }: BenchContext): Promise<Measurement[]> {
  const payloads = outcomeEvents(Math.min(scale.auctions, WRITTEN_AT_ONCE), seed);
  const events = payloads.map((payload, index): ArchivedEvent => {
    return { partition: 0, offset: index, id: `0:${index}`, type: 'impression', payload };
  });
  const db = await openBounded(folder);
  const rates: number[] = [];
  const costs: number[] = [];
  for (let round = 0; round < scale.rounds; round += 1) {
    const startedAtMs = performance.now();
    const before = process.cpuUsage();
    await writeRawFiles(db, folder, events, { nowMs: START_MS, keptFromMs: 0 });
    const { user, system } = process.cpuUsage(before);
    rates.push((events.length * 1000) / (performance.now() - startedAtMs));
    costs.push((user + system) / events.length);
  }
  db.close();
  return [
    { name: 'events.archive_rate', value: median(rates), unit: '1/s' },
    { name: 'events.archive_cpu_us', value: median(costs), unit: 'us' },
  ];
}
