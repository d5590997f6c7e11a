/** A process that begins asks a model server for what its past auctions wanted, so that its first requests find it. */
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { type StubModelServer, startStubModelServer } from '../adapters/model/testing/stub-model-server.ts';
import { FEATURE_COUNT } from '../engine/estimation/features/schema.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { bidding } from './support/scripted-dsp.ts';
import { freePort, hasRedisServer, startRedis } from './support/services.ts';
import { adRequest, readAuctionEvents, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
/** Long enough for a busy machine: all but the tests about time end long before. */
const WARM_UP_MS = 20_000;

let server: StubModelServer;
let folder: string;
let gavel: TestGavel | null;
beforeEach(async () => {
  server = await startStubModelServer(FEATURE_COUNT);
  server.respond = answerAll;
  folder = await mkdtemp(join(tmpdir(), 'gavel-warm-up-'));
  gavel = null;
});
afterEach(async () => {
  await gavel?.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const answerAll: StubModelServer['respond'] = (call) => call.answer(new Array<number>(call.rowCount).fill(0.02));

async function start(config: Record<string, unknown> = {}): Promise<void> {
  gavel = await startTestGavel({
    dsps: {
      clicks: {
        bid: bidding({
          id: 'bid',
          price: 1,
          w: 300,
          h: 250,
          crid: 'creative',
          cid: 'campaign',
          adomain: ['shoes.example'],
        }),
        config: { pricing: 'cpc' },
      },
    },
    config: {
      dataDirectory: folder,
      'admission.enabled': false,
      'estimation.model.source': 'remote',
      'estimation.model.remote.url': server.url,
      'estimation.model.remote.budgetMs': 1000,
      'estimation.model.cache.warmUpMs': WARM_UP_MS,
      ...config,
    },
  });
}

async function stop(): Promise<void> {
  await gavel!.close();
  gavel = null;
}

async function isServing(): Promise<void> {
  await vi.waitFor(async () => {
    const body = await (await fetch(`${gavel!.url}/status`)).json();
    expect(body).toMatchObject({ clickModel: { isFailing: false } });
  }, PATIENCE);
}

/** Each from another user at another place, with another version of the same browser. */
async function post(id: string, placement = 'top'): Promise<void> {
  const imp = [
    { id: '1', tagid: placement, bidfloor: 0.01, banner: { format: [{ w: 300, h: 250 }], pos: 3 }, instl: 1 },
  ];
  const device = {
    ua: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1${id.length}.0.0.0 Safari/537.36`,
    language: 'de-AT',
    devicetype: 2,
    ifa: `device-${id}`,
    geo: { country: 'AUT', city: `city-${id}` },
  };
  const source = { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'ssp.example', sid: '1', hp: 1 }] } };
  const site = { domain: `${placement}.example`, publisher: { id: 'pub-1' } };
  expect((await gavel!.post(adRequest(id, { imp, site, device, source, user: { id } }))).status).toBe(200);
}

function eventOf(id: string): Promise<AuctionEvent> {
  return vi.waitFor(async () => {
    const event = (await readAuctionEvents(folder)).find(({ requestId }) => requestId === id);
    if (event === undefined) throw new Error(`no event of request ${id}`);
    return event;
  }, PATIENCE);
}

const sourceOf = async (id: string): Promise<string> => (await eventOf(id)).input!.bids[0]!.ctrSource;

/** Auctions at one placement, and the process ends. */
async function past(): Promise<void> {
  await start();
  await isServing();
  for (const id of ['a', 'bb', 'ccc']) await post(id);
  await eventOf('ccc');
  await stop();
  server.calls.length = 0;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gavel!.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

it('the first request after a restart finds what the last ones asked for', async () => {
  await past();
  await start({ 'estimation.model.remote.budgetMs': 20 });
  expect(server.calls.map(({ rowCount }) => rowCount)).toEqual([1]);
  expect(await metric('rtb_cache_warm_up_shapes_total{result="answered"}')).toBe(1);
  expect(await metric('rtb_cache_warm_up_shapes_total{result="unanswered"}')).toBe(0);
  expect(await metric('rtb_ctr_questions_total{reason="warm-up"}')).toBe(1);
  // It has been nobody's estimate yet.
  expect(await metric('rtb_ctr_requests_total{tier="model"}')).toBe(0);
  server.respond = null;
  await post('somebody else');
  expect(await sourceOf('somebody else')).toBe('l1');
  await post('somebody elsewhere', 'bottom');
  expect(await sourceOf('somebody elsewhere')).toBe('fallback');
});

it('not so without warm-up', async () => {
  await past();
  await start({ 'estimation.model.remote.budgetMs': 20, 'estimation.model.cache.warmUpMs': 0 });
  await isServing();
  server.respond = null;
  await post('somebody else');
  expect(await sourceOf('somebody else')).toBe('fallback');
});

it('what was warmed up is forgotten when its campaign changes', async () => {
  await past();
  const port = await freePort();
  const token = 'a-token-of-some-length-for-tests';
  await start({ 'admin.port': port, 'admin.token': token, 'estimation.model.remote.budgetMs': 20 });
  server.respond = null;
  const { status } = await fetch(`http://127.0.0.1:${port}/admin/estimates/invalidate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ campaign: 'campaign' }),
  });
  expect(status).toBe(204);
  await post('somebody else');
  expect(await sourceOf('somebody else')).toBe('fallback');
});

it('a torn end of the log costs its last event, an empty log nothing', async () => {
  await start();
  await stop();
  await past();
  const events = eventLogFolder(folder);
  const last = (await readdir(events))
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .at(-1)!;
  await appendFile(join(events, last), Buffer.from('torn, and nobody knows what it was to be'));
  await start();
  expect(await metric('rtb_cache_warm_up_shapes_total{result="answered"}')).toBe(1);
});

it('a model server that is away is not waited for', async () => {
  await past();
  await server.close();
  const startedAtMs = performance.now();
  await start();
  expect(performance.now() - startedAtMs).toBeLessThan(WARM_UP_MS / 2);
  server = await startStubModelServer(FEATURE_COUNT);
});

it('one that hangs is waited for until the time is over', async () => {
  await past();
  server.respond = null;
  await start({ 'estimation.model.cache.warmUpMs': 300 });
  expect(await metric('rtb_cache_warm_up_shapes_total{result="unanswered"}')).toBe(1);
});

it.skipIf(!hasRedisServer)('with Redis: what other processes keep is not asked again', async () => {
  const redis = (await startRedis(await freePort()))!;
  try {
    const config = { 'estimation.model.cache.redisUrl': redis.url };
    await past();
    await start(config);
    expect(server.calls).toHaveLength(1);
    await stop();
    await start(config);
    expect(server.calls).toHaveLength(1);
    expect(await metric('rtb_cache_warm_up_shapes_total{result="answered"}')).toBe(1);
  } finally {
    await stop();
    await redis.stop();
  }
});
