/** From auctions and beacons of a real engine to the figures of reports; and a writer that is killed again and again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openDuckDb, parquet } from '../adapters/archive/duckdb.ts';
import { ALL_TIME, DAY_MS, listRawFiles, spillFolder } from '../adapters/archive/layout.ts';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { report } from '../commands/report.ts';
import { startEventConsumer } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { adTraffic } from '../engine/events/testing/event-traffic.ts';
import { seededRandom } from '../simulator/random.ts';
import { collect, firstLine, IS_BUILT, MAIN, ROOT, serveGavel } from './support/gavel-process.ts';
import { bidding } from './support/scripted-dsp.ts';
import {
  adRequest,
  bannerImp,
  bidsOf,
  postAdRequest,
  readStoredEvents,
  startTestGavel,
  type TestGavel,
} from './support/test-gavel.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'gavel-archive-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

interface Archived {
  readonly rows: number;
  readonly ids: number;
}

async function archived(): Promise<Archived> {
  const folder = join(data, 'archive');
  const files = await listRawFiles(folder, ALL_TIME);
  if (files.length === 0) return { rows: 0, ids: 0 };
  const db = await openDuckDb({ threads: 1, memoryBytesMax: 128 * 1024 * 1024, spillFolder: spillFolder(folder) });
  try {
    const [row] = await db.rows(
      `SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM ${parquet(files.map(({ path }) => path))}`,
    );
    return { rows: Number(row!.rows), ids: Number(row!.ids) };
  } finally {
    db.close();
  }
}

type Line = Readonly<Record<string, string | number | null>>;

/** As `gavel report NAME ...` prints it. */
async function printed(...args: readonly string[]): Promise<string> {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    await report([...args, '--data', data]);
  } finally {
    write.mockRestore();
  }
  return written.join('');
}

const linesOf = async (...args: readonly string[]): Promise<Line[]> =>
  JSON.parse(await printed(...args, '--format', 'json'));

/** Archives until so many rows are there. */
async function archive(rows: number, fromStart: boolean): Promise<void> {
  const config = loadConfig({
    file: null,
    environment: {},
    overrides: { dataDirectory: data, 'archive.flushMs': 200, 'log.level': 'silent' },
  });
  const consumer = await startEventConsumer(config, { consumers: ['archive'], fromStart });
  await expect.poll(async () => (await archived()).rows, PATIENCE).toBe(rows);
  await consumer.close();
}

describe('the figures of reports', () => {
  const PRICES = { cheap: 1, dear: 3 };
  let gavel: TestGavel;

  /** Thirty requests for two placements; each third is a test; every other winner is shown, some of them clicked. */
  async function sell(): Promise<void> {
    gavel = await startTestGavel({
      dataDirectory: data,
      dsps: Object.fromEntries(
        Object.entries(PRICES).map(([id, price]) => [
          id,
          bidding({ price, crid: `crid-${id}`, adomain: [`${id}.example`] }),
        ]),
      ),
      config: { 'events.tracking.baseUrl': 'listening', 'events.lossSampleRate': 1 },
    });
    for (let index = 0; index < 30; index += 1) {
      const imp = bannerImp('1', { tagid: index % 5 === 0 ? 'side' : 'top' });
      const answer = await gavel.post(adRequest(`r${index}`, { imp: [imp], test: index % 3 === 0 ? 1 : 0, at: 1 }));
      const beacons = bidsOf(answer)[0]?.adm?.match(/https?:[^\s"'<>]+\/event\?t=[\w-]+/g) ?? [];
      if (index % 2 === 0) for (const beacon of beacons) await fetch(beacon, { redirect: 'manual' });
    }
    await gavel.allEvents(30);
  }

  it('are what the log says, also when all of it is archived twice', async () => {
    await sell();
    await gavel.close();
    const events = await readStoredEvents(data);
    await archive(events.length, false);

    const isReal = (event: { readonly isTest: boolean }): boolean => !event.isTest;
    const auctions = events.filter((event) => event.type === 'auction').filter(isReal);
    const wins = events.filter((event) => event.type === 'win').filter(isReal);
    const impressions = events.filter((event) => event.type === 'impression').filter(isReal);
    expect([auctions.length, wins.length]).toEqual([20, 20]);
    expect(impressions.length).toBeGreaterThan(5);
    const revenueNanos = impressions.reduce((sum, { sale }) => sum + sale.amount, 0);

    const check = async (): Promise<void> => {
      expect(await linesOf('revenue')).toEqual([
        {
          dsp: 'dear',
          currency: 'USD',
          wins: wins.length,
          impressions: impressions.length,
          gross: String(revenueNanos / 1e9),
          refunded: '0.00',
          revenue: String(revenueNanos / 1e9),
          ecpm: '3.00',
        },
      ]);
      expect(await linesOf('allocation', '--targets', 'dear=0.75')).toMatchObject([
        { payer: 'dsp', buyer: 'dear', impression_share: 1, revenue_share: 1, target: 0.75, off_target: 0.25 },
      ]);
      expect(await linesOf('delivery', '--campaign', 'nothing')).toEqual([]);
      expect(await linesOf('delivery')).toMatchObject([
        { payer: 'dsp', dsp: 'dear', advertiser: 'dear.example', wins: 20, impressions: impressions.length },
      ]);
      const fill = await linesOf('fill');
      for (const placement of ['top', 'side']) {
        const imps = auctions.filter(({ features }) => features.imps[0]!.placementId === placement).length;
        const shown = impressions.filter(({ sale }) => sale.placementId === placement).length;
        expect(fill).toContainEqual(expect.objectContaining({ placement, imps, filled: imps, impressions: shown }));
      }
      expect(await linesOf('fill', '--placement', 'side')).toHaveLength(1);
      expect(await linesOf('win-rate')).toMatchObject([
        { dsp: 'cheap', bids: 20, won: 0, win_rate: 0 },
        { dsp: 'dear', bids: 20, won: 20, win_rate: 1 },
      ]);
      expect(await linesOf('win-rate', '--with-tests')).toMatchObject([{ bids: 30 }, { bids: 30 }]);
      const calls = auctions.flatMap(({ dsps }) => dsps.filter(({ dspId }) => dspId === 'dear'));
      const latencies = calls.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
      const [line] = await linesOf('latency', '--dsp', 'dear');
      expect(line).toMatchObject({ of: 'dear', result: 'bid', count: 20 });
      const median = latencies[9]!;
      expect(line!.p50_ms).toBeGreaterThanOrEqual(median - 0.06);
      expect(line!.p50_ms).toBeLessThanOrEqual(median * 1.1 + 0.06);
      expect((await linesOf('latency')).find(({ of }) => of === 'auction')).toMatchObject({ result: 'won', count: 20 });
    };
    await check();
    await archive(2 * events.length, true);
    await check();
    expect((await archived()).ids).toBe(events.length);
  }, 120_000);

  it('come as a table and as CSV, and say what is wrong with a question', async () => {
    await sell();
    await gavel.close();
    await archive((await readStoredEvents(data)).length, false);
    const table = await printed('fill', '--publisher', 'pub-1');
    expect(table.split('\n')[0]).toMatch(/^publisher {2}placement {2}imps/);
    const csv = await printed('fill', '--publisher', 'pub-1', '--format', 'csv', '--by', 'day');
    expect(csv.split('\r\n')[0]).toBe(
      'day,publisher,placement,imps,unanswered,filled,fill_rate,impressions,shown_rate',
    );
    expect(await printed('fill', '--publisher', "x' OR '1' = '1", '--format', 'csv')).toBe(
      `${csv.split('\r\n')[0]!.slice(4)}\r\n`,
    );
    for (const [args, problem] of [
      [['fill', '--format', 'xml'], /--format/],
      [['fill', '--by', 'week'], /--by/],
      [['fill', '--from', '2026-02-30'], /--from/],
      [['fill', '--from', '2026-03-02', '--to', '2026-03-01'], /behind/],
      [['fill', '--dsp', 'x'], /--dsp/],
      [['allocation', '--targets', 'dear'], /--targets/],
      [['everything'], /everything/],
    ] as const) {
      await expect(printed(...args)).rejects.toThrow(problem);
    }
  }, 120_000);

  it('are none while there is no archive', async () => {
    await expect(printed('fill')).rejects.toThrow(/no archive/);
  });
});

describe.skipIf(!IS_BUILT)('processes that archive (need a build)', () => {
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) await end(child, 'SIGKILL');
  });

  async function consume(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [MAIN, 'consume', '--only', 'archive', '--data', data], {
      cwd: ROOT,
      env: { ...process.env, GAVEL_ARCHIVE_FLUSH_MS: '100', GAVEL_ARCHIVE_FLUSH_ROWS: '50' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push(child);
    const stderr = collect(child.stderr!);
    if ((await firstLine(child)) === null) throw new Error(`gavel consume did not start: ${stderr()}`);
    return child;
  }

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    await once(child, 'close');
    return child.exitCode;
  }

  it('killed again and again leave no event out, and figures that count each once', async () => {
    const random = seededRandom(5);
    const leases = [{ accountId: 'one', epoch: 1, sequence: 1 }];
    const events: OutcomeEvent[] = adTraffic({
      prefix: '',
      adCount: 400,
      random: () => random.next(),
      nowMs: Date.now() - 60_000,
      leases,
    });
    const log = await openEventLog({ folder: eventLogFolder(data), timers: systemTimers, segmentBytes: 100_000 });
    const distinct = new Set(events.map(({ id }) => id)).size;
    for (let part = 0; part < 4; part += 1) {
      const child = await consume();
      await log.append(events.slice((part * events.length) / 4, ((part + 1) * events.length) / 4).map(encodeEvent));
      const before = (await archived()).ids;
      await expect.poll(async () => (await archived()).ids, PATIENCE).toBeGreaterThan(before);
      await end(child, 'SIGKILL');
    }
    const last = await consume();
    await expect.poll(async () => (await archived()).ids, PATIENCE).toBe(distinct);
    expect(await end(last, 'SIGTERM')).toBe(0);
    await log.close();

    const counts = (type: string): number =>
      new Set(events.filter((event) => event.type === type && !event.isTest).map(({ id }) => id)).size;
    // Some of it is late by two months.
    const lines = await linesOf('delivery', '--to', new Date(Date.now() + 70 * DAY_MS).toISOString().slice(0, 10));
    const sum = (column: string): number => lines.reduce((all, line) => all + Number(line[column]), 0);
    expect([sum('wins'), sum('impressions'), sum('clicks')]).toEqual([
      counts('win'),
      counts('impression'),
      counts('click'),
    ]);
  }, 180_000);

  it('one beside gavel serve shows what has just happened, and ends with it', async () => {
    const gavel = await serveGavel(['--data', data], {
      GAVEL_ARCHIVE_BESIDE_ENGINE: 'true',
      GAVEL_ARCHIVE_FLUSH_MS: '100',
      GAVEL_SERVER_WARM_UP_AUCTIONS: '0',
    });
    await postAdRequest(gavel.url, adRequest('r1'));
    await expect.poll(async () => (await archived()).rows, PATIENCE).toBe(1);
    expect(await linesOf('fill')).toMatchObject([{ imps: 1, filled: 0 }]);
    gavel.kill('SIGTERM');
    // Its output is closed by the last that holds it.
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
  }, 120_000);
});
