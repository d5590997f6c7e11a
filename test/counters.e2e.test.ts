/** Counters through the whole engine: from the beacons of an ad to what the admin API says, also when engine or Redis lose what they had. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CountsDocument } from '../engine/counters/counter-report.ts';
import { freePort } from './support/free-port.ts';
import { bidding } from './support/scripted-dsp.ts';
import { hasRedisServer, type Service, startRedis } from './support/services.ts';
import { type AdAnswer, adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const TOKEN = 'a-token-of-some-length';
const PATIENCE = { timeout: 20_000, interval: 50 };
const PUBLISHER = 'by=publisher&id=pub-1';

let dataDirectory: string;
let adminPort: number;
let gavel: TestGavel | null = null;
let redis: Service | null = null;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-counters-'));
});

afterEach(async () => {
  await stop();
  await redis?.stop();
  redis = null;
  await rm(dataDirectory, { recursive: true });
});

async function start(config: Record<string, unknown> = {}): Promise<TestGavel> {
  adminPort = await freePort();
  gavel = await startTestGavel({
    dsps: { buyer: bidding({ crid: 'creative-1', adomain: ['shoes.example'], price: 2 }) },
    config: {
      'events.tracking.baseUrl': 'listening',
      'admin.port': adminPort,
      'admin.token': TOKEN,
      ...config,
    },
    dataDirectory,
  });
  return gavel;
}

async function stop(): Promise<void> {
  await gavel?.close();
  gavel = null;
}

async function ask(path: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/counters${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function totalOf(thing: string): Promise<CountsDocument> {
  const { body } = await ask(`?${thing}`);
  return body.total as CountsDocument;
}

const impressions = async (thing = PUBLISHER) => (await totalOf(thing))?.impressions;
const beaconsIn = (answer: AdAnswer): string[] =>
  bidsOf(answer)[0]!.adm!.match(/https?:\/\/[^\s"'<>\]\\]+\/event\?t=[A-Za-z0-9_-]+/g) ?? [];

/** Sells and shows so many ads. Gives the beacons. */
async function show(engine: TestGavel, count: number): Promise<string[]> {
  const beacons: string[] = [];
  for (let shown = 0; shown < count; shown += 1) {
    const [beacon] = beaconsIn(await engine.post(adRequest(`r-${beacons.length}`, { at: 1 })));
    expect((await fetch(beacon!)).status).toBe(200);
    beacons.push(beacon!);
  }
  return beacons;
}

describe('counters of an engine that runs alone', () => {
  it('say within seconds what was shown and what it cost, once however often it is told', async () => {
    const engine = await start();
    const beacons = await show(engine, 3);
    for (const beacon of beacons) await fetch(beacon);
    await expect.poll(() => impressions(), PATIENCE).toBe(3);
    const { body } = await ask(`?${PUBLISHER}&step=300`);
    expect(body).toMatchObject({
      by: 'publisher',
      id: 'pub-1',
      step: 300,
      total: { wins: 3, impressions: 3, clicks: 0, conversions: 0, viewables: 0, ctr: 0, spend: { USD: '0.006' } },
    });
    expect(await impressions('by=dsp&id=buyer')).toBe(3);
    expect(await impressions('by=advertiser&id=buyer/shoes.example')).toBe(3);
    expect((await ask('/top?by=creative&of=spend&currency=USD')).body).toMatchObject({
      items: [{ id: 'buyer/creative-1', impressions: 3 }],
    });
    const text = await (await fetch(`${engine.url}/metrics`)).text();
    expect(text).toContain('rtb_counters_counted_total{type="impression"} 3');
    expect(text).toMatch(/rtb_counters_lag_seconds\{topic="embedded"\} \d/);
  });

  it('are there again after a restart, counted from its log', async () => {
    await show(await start(), 2);
    await expect.poll(() => impressions(), PATIENCE).toBe(2);
    await stop();
    const engine = await start();
    await expect.poll(() => impressions(), PATIENCE).toBe(2);
    await show(engine, 1);
    await expect.poll(() => impressions(), PATIENCE).toBe(3);
  });

  it('are not there where nothing is tracked, and say so', async () => {
    await start({ 'events.tracking.baseUrl': '' });
    expect(await ask(`?${PUBLISHER}`)).toMatchObject({ status: 409 });
  });
});

describe.skipIf(!hasRedisServer)('counters in Redis (needs redis-server)', () => {
  it('outlive the engine, and come back from its log when Redis is emptied', async () => {
    redis = await startRedis(await freePort());
    const config = { 'counters.redisUrl': redis!.url };
    await show(await start(config), 2);
    await expect.poll(() => impressions(), PATIENCE).toBe(2);
    await stop();
    const engine = await start(config);
    expect(await impressions()).toBe(2);
    await show(engine, 1);
    await expect.poll(() => impressions(), PATIENCE).toBe(3);

    const admin = new Redis(redis!.url);
    await admin.flushall();
    admin.disconnect();
    await show(engine, 1);
    await expect.poll(() => impressions(), PATIENCE).toBe(4);
    const text = await (await fetch(`${engine.url}/metrics`)).text();
    expect(text).toMatch(/rtb_counters_rebuilds_total [1-9]/);
  });

  it('wait while Redis is away: auctions and events go on, and nothing is lost or doubled', async () => {
    const port = await freePort();
    redis = await startRedis(port);
    const engine = await start({ 'counters.redisUrl': redis!.url });
    await show(engine, 2);
    await expect.poll(() => impressions(), PATIENCE).toBe(2);
    await redis!.stop();
    await show(engine, 2);
    expect(await ask(`?${PUBLISHER}`)).toMatchObject({ status: 503 });
    redis = await startRedis(port);
    await show(engine, 1);
    // It came back with nothing: all five are counted from the log.
    await expect.poll(() => impressions().catch(() => null), PATIENCE).toBe(5);
  });
});
