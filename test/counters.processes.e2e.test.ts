/** Counters of processes: workers whose supervisor counts, and `gavel consume` that is killed again and again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import type { CountsDocument } from '../engine/counters/counter-report.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE } from '../engine/events/testing/build-events.ts';
import { freePort } from './support/free-port.ts';
import {
  COLD,
  collect,
  firstLine,
  IS_BUILT,
  MAIN,
  ROOT,
  type RunningGavel,
  serveGavel,
} from './support/gavel-process.ts';
import { hasRedisServer, type Service, startRedis } from './support/services.ts';
import { adRequest, bidsOf, postAdRequest } from './support/test-gavel.ts';

const TOKEN = 'a-token-of-some-length';
const PATIENCE = { timeout: 60_000, interval: 50 };

let folder: string;
let running: RunningGavel | null = null;
const children: ChildProcess[] = [];
const redis: Service | null = IS_BUILT && hasRedisServer ? await startRedis(await freePort()) : null;
afterAll(() => redis?.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-counting-'));
});

afterEach(async () => {
  running?.kill('SIGKILL');
  await running?.ended;
  running = null;
  for (const child of children.splice(0)) await kill(child);
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe.skipIf(!IS_BUILT)('gavel serve --workers (needs a build: npm run build)', () => {
  it('answers for what all workers have stored', async () => {
    const adminPort = await freePort();
    running = await serveGavel(['--data', folder, '--workers', '2', '--with-simulated-dsps', '--dsps', '3'], {
      ...COLD,
      GAVEL_ADMIN_PORT: String(adminPort),
      GAVEL_ADMIN_TOKEN: TOKEN,
    });
    let shown = 0;
    for (let index = 0; index < 20; index += 1) {
      const answer = await postAdRequest(running.url, adRequest(`r${index}`));
      const beacon = /http[^"'\s]+\/event\?t=[A-Za-z0-9_-]+/.exec(bidsOf(answer)[0]?.adm ?? '')?.[0];
      if (beacon !== undefined && (await fetch(beacon)).status === 200) shown += 1;
    }
    expect(shown).toBeGreaterThan(5);
    const impressions = async (): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/counters?by=publisher&id=pub-1`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      return ((await answer.json()) as { total: CountsDocument }).total.impressions;
    };
    await expect.poll(impressions, PATIENCE).toBe(shown);
    const metrics = await (await fetch(`${running.url}/metrics`)).text();
    expect(metrics).toContain(`rtb_counters_counted_total{type="impression"} ${shown}`);
  }, 120_000);
});

describe.skipIf(redis === null)('gavel consume (needs a build and redis-server)', () => {
  const EVENTS = 3000;
  const KILLS = 3;

  async function consume(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [MAIN, 'consume', '--data', folder], {
      cwd: ROOT,
      env: { ...process.env, GAVEL_COUNTERS_REDIS_URL: redis!.url, GAVEL_LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const stderr = collect(child.stderr!);
    if ((await firstLine(child)) === null) throw new Error(`gavel consume did not start: ${stderr()}`);
    return child;
  }

  it('killed again and again counts each event once', async () => {
    const probe = new Redis(redis!.url);
    const log = await openEventLog({ folder: eventLogFolder(folder), timers: systemTimers, segmentBytes: 200_000 });
    const startedAtMs = Date.now();
    const impression = (at: number) =>
      encodeEvent(
        buildOutcome('impression', {
          auctionId: `a${at}`,
          atMs: startedAtMs,
          sale: { ...DSP_SALE, soldAtMs: startedAtMs },
        }),
      );
    /** Every tenth is told twice. */
    const counted = async (): Promise<number> => {
      const keys = await probe.keys('gavel:{counters}:window:*:dsp');
      const rows = await Promise.all(keys.map((key) => probe.hget(key, 'dsp-1')));
      return rows.reduce((sum, row) => sum + (row === null ? 0 : (JSON.parse(row) as number[])[1]!), 0);
    };
    const appending = (async () => {
      for (let at = 0; at < EVENTS; at += 50) {
        const some = Array.from({ length: 50 }, (_, index) => impression(at + index));
        await log.append([...some, ...some.slice(0, 5)]);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    for (let killed = 1; killed <= KILLS; killed += 1) {
      const child = await consume();
      await expect.poll(counted, { ...PATIENCE, interval: 5 }).toBeGreaterThan((EVENTS * killed) / (KILLS + 2));
      await kill(child);
    }
    await consume();
    await appending;
    await expect.poll(counted, PATIENCE).toBe(EVENTS);
    probe.disconnect();
    await log.close();
  }, 180_000);
});
