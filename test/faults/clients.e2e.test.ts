/** What clients do wrong, on real sockets: slow, gone, hostile. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createRequestReader } from '../../openrtb/read-request.ts';
import { type FaultyGavel, startFaultyGavel } from '../support/faulty-gavel.ts';
import { IS_BUILT } from '../support/gavel-process.ts';
import {
  auctionBytes,
  auctionHead,
  exchangeBytes,
  latenciesMs,
  openSocket,
  quantile,
  type SlowClients,
  startSlowClients,
} from '../support/raw-clients.ts';
import { bidding, type ScriptedDsp, silence, startScriptedDsp } from '../support/scripted-dsp.ts';
import { adRequest, type DspPlan, postAdRequest, startTestGavel, type TestGavel } from '../support/test-gavel.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A new connection for each request, as clients behind a slow door would open. */
const NEW_CONNECTION = { headers: { connection: 'close' } };

async function startBidder(): Promise<ScriptedDsp> {
  const dsp = await startScriptedDsp({ bid: bidding({ price: 1 }) });
  closers.push(dsp.close);
  return dsp;
}

async function startProcess(server: object = {}): Promise<FaultyGavel> {
  const dsp = await startBidder();
  const dsps = [{ id: 'fine', url: `${dsp.origin}/bid` }];
  const gavel = await startFaultyGavel({
    config: { server, dsps, log: { level: 'error' }, dspDefaults: { callsPerSecond: 10, timeoutMs: 1000 } },
  });
  closers.push(gavel.close);
  return gavel;
}

function slowClients(url: string, count: number, isPersistent: boolean): SlowClients {
  const clients = startSlowClients(url, { count, byteEveryMs: 200, isPersistent });
  closers.push(clients.stop);
  return clients;
}

const post = (gavel: { readonly url: string }, id: string) =>
  postAdRequest(gavel.url, adRequest(id, { tmax: 2000 }), NEW_CONNECTION);

describe.skipIf(!IS_BUILT)('F13 slow clients (needs a build: npm run build)', () => {
  it('good requests hardly notice 300 clients that are slow with headers or body or say nothing', async () => {
    const gavel = await startProcess({ idleTimeoutMs: 2000 });
    await latenciesMs(200, (index) => post(gavel, `warm-${index}`));
    const before = await latenciesMs(200, (index) => post(gavel, `before-${index}`));
    const slow = slowClients(gavel.url, 300, true);
    await expect.poll(() => gavel.metric('rtb_client_connections')).toBeGreaterThanOrEqual(300);
    const during = await latenciesMs(200, (index) => post(gavel, `during-${index}`));
    // The limit of 1.2 is for a quiet machine and many requests (test/soak).
    expect(quantile(during, 0.9)).toBeLessThan(3 * quantile(before, 0.9) + 20);
    await expect.poll(slow.cutCount, { timeout: 10_000 }).toBeGreaterThan(300);
    expect(await gavel.metric('rtb_client_connections_cut_total', 'reason="slow"')).toBeGreaterThan(100);
  });

  it('each is cut in time, and stays away', async () => {
    const gavel = await startProcess({ idleTimeoutMs: 2000 });
    const slow = slowClients(gavel.url, 90, false);
    await expect.poll(slow.openCount, { timeout: 10_000 }).toBe(0);
    await expect.poll(() => gavel.metric('rtb_client_connections')).toBeLessThanOrEqual(1);
    expect(slow.cutCount()).toBe(90);
  });

  it('they hold the door against each other, not against those who ask something', async () => {
    const gavel = await startProcess({ connectionsMax: 100 });
    const slow = slowClients(gavel.url, 300, true);
    await expect.poll(slow.cutCount, { timeout: 10_000 }).toBeGreaterThan(600);
    await latenciesMs(50, (index) => post(gavel, `good-${index}`));
    expect(await gavel.metric('rtb_client_connections')).toBeLessThanOrEqual(100);
    expect(await gavel.metric('rtb_client_connections_cut_total', 'reason="idlest"')).toBeGreaterThan(200);
  });
});

describe('F13 clients that do not read', () => {
  it('one that sends requests without end and reads nothing is cut, and its auctions end', async () => {
    const gavel = await start({ hanging: silence });
    const socket = openSocket(gavel.url);
    socket.pause();
    const cut = new Promise((resolve) => socket.once('close', resolve));
    for (let index = 0; index < 200; index++) socket.write(auctionBytes(adRequest(`flood-${index}`, { tmax: 8000 })));
    // Reading nothing, it would not see that it is cut.
    await expect.poll(async () => metric(gavel, 'rtb_client_connections_cut_total{reason="pipelined"}')).toBe(1);
    await expect.poll(async () => metric(gavel, 'rtb_inflight_requests')).toBe(0);
    socket.resume();
    await cut;
    const endings = new Set((await gavel.events()).map(({ ending }) => ending));
    expect([...endings]).toEqual(['cancelled']);
  });
});

async function start(dsps: Readonly<Record<string, DspPlan>>): Promise<TestGavel> {
  const gavel = await startTestGavel({ dsps });
  closers.push(gavel.close);
  return gavel;
}

async function metric(gavel: TestGavel, series: string): Promise<number> {
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length));
}

describe('F14 a client that leaves in the middle of its auction', () => {
  it.each([
    { how: 'resets', leave: (socket: ReturnType<typeof openSocket>) => socket.resetAndDestroy() },
    { how: 'closes', leave: (socket: ReturnType<typeof openSocket>) => socket.destroy() },
    { how: 'ends its side', leave: (socket: ReturnType<typeof openSocket>) => socket.end() },
  ])('$how: all calls are cancelled within a second, nobody is charged, nothing stays', async ({ leave }) => {
    const gavel = await start({ hanging: silence, bidding: bidding({ price: 1, nurl: 'http://127.0.0.1:1/win' }) });
    const socket = openSocket(gavel.url);
    socket.write(
      auctionBytes(adRequest('first', { tmax: 8000 })) + auctionBytes(adRequest('behind-it', { tmax: 8000 })),
    );
    const hanging = gavel.dsp('hanging');
    await expect.poll(() => hanging.asked.length).toBe(2);
    const leftAtMs = performance.now();
    leave(socket);
    await expect.poll(() => hanging.asked.every(({ wasAborted }) => wasAborted)).toBe(true);
    expect(performance.now() - leftAtMs).toBeLessThan(1000);
    const events = await gavel.allEvents(2);
    expect(events.map(({ ending, outcome }) => [ending, outcome])).toEqual([
      ['cancelled', null],
      ['cancelled', null],
    ]);
    expect(await metric(gavel, 'rtb_inflight_requests')).toBe(0);
    expect(await metric(gavel, 'rtb_notice_queue_length')).toBe(0);
  });
});

const KIB = 1024;
const VALID = JSON.stringify(adRequest('valid'));
const imps = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `${index}`, banner: {} }));
/** Bodies of the largest size, since the smaller ones cost less. */
const HOSTILE_BODIES: readonly { readonly name: string; readonly body: string | Buffer; readonly status: number }[] = [
  { name: 'a body above the limit', body: VALID.padEnd(256 * KIB + 1), status: 413 },
  { name: 'nested brackets', body: '['.repeat(256 * KIB), status: 400 },
  { name: 'nested objects', body: '{"a":'.repeat(50 * KIB), status: 400 },
  { name: 'deep behind a valid start', body: VALID.replace('}', `,"ext":${'['.repeat(200 * KIB)}`), status: 400 },
  { name: '1,000 imps', body: JSON.stringify({ ...adRequest('x'), imp: imps(1000) }), status: 400 },
  { name: 'a list without end', body: JSON.stringify({ ...adRequest('x'), bcat: imps(6000) }), status: 400 },
  { name: 'no UTF-8', body: Buffer.concat([Buffer.from(VALID.slice(0, -1)), Buffer.from([0xff, 0x7d])]), status: 400 },
  { name: 'half a request', body: VALID.slice(0, -20), status: 400 },
  { name: 'no JSON', body: 'x'.repeat(256 * KIB), status: 400 },
  { name: 'nothing', body: '', status: 400 },
  { name: 'null', body: 'null', status: 400 },
  { name: 'a list', body: '[]', status: 400 },
];

describe('F15 hostile requests', () => {
  it('are refused without asking anybody, each on a connection or as a whole', async () => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    for (const { name, body, status } of HOSTILE_BODIES) {
      expect((await gavel.post(Buffer.from(body))).status, name).toBe(status);
    }
    for (const [encoding, body, status] of [
      ['gzip', Buffer.from('no gzip'), 400],
      ['gzip', gzipSync(VALID).subarray(0, 60), 400],
      ['gzip', gzipSync(Buffer.alloc(10_000 * KIB)), 413],
      ['gzip, gzip', gzipSync(gzipSync(VALID)), 415],
      ['zstd', Buffer.from(VALID), 415],
    ] as const) {
      const answer = await gavel.post(body, { headers: { 'content-encoding': encoding } });
      expect(answer.status, `${encoding} ${body.length}`).toBe(status);
    }
    expect(gavel.dsp('asked').asked).toEqual([]);
    expect((await gavel.post(VALID)).status).toBe(200);
    expect(gavel.dsp('asked').asked).toHaveLength(1);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('a key "%s" reaches no prototype and no DSP', async (key) => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    const poison = `"${key}":{"polluted":true,"prototype":{"polluted":true}}`;
    const body = VALID.replace('{', `{${poison},`).replace('"banner":{', `"banner":{${poison},`);
    const { status } = await gavel.post(body);
    expect([200, 400]).toContain(status);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    for (const { bytes } of gavel.dsp('asked').asked) expect(bytes.toString()).not.toContain('polluted');
  });

  it.each([
    ['two lengths', `${auctionHead(5, 'content-length: 6\r\n')}{}   `],
    ['a length and chunks', `${auctionHead(5, 'transfer-encoding: chunked\r\n')}0\r\n\r\nGET /status HTTP/1.1\r\n`],
    [
      'chunks that are not last',
      `${auctionHead(0, '').replace('content-length: 0', 'transfer-encoding: chunked, identity')}0\r\n\r\n`,
    ],
    ['a space before the colon', auctionHead(0).replace('content-length:', 'content-length :')],
    ['a folded header', auctionHead(0, 'x-a: 1\r\n  transfer-encoding: chunked\r\n').replace('\r\nx-a', '\n\rx-a')],
    ['a negative length', auctionHead(-5)],
    ['a length that is no number', auctionHead(0).replace('length: 0', 'length: 0x10')],
    [
      'a chunk size that overflows',
      `${auctionHead(0).replace('content-length: 0', 'transfer-encoding: chunked')}fffffffffffffffff\r\n`,
    ],
    ['a NUL in a header', auctionHead(0, 'x-a: \0\r\n')],
    ['a bare CR in a header', auctionHead(0, 'x-a: 1\rtransfer-encoding: chunked\r\n')],
    ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['no host', 'POST /openrtb2/auction HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
  ])('%s: 400 and the connection is closed', async (_name, bytes) => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    const received = await exchangeBytes(gavel.url, bytes);
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(gavel.dsp('asked').asked).toEqual([]);
  });

  it('headers above the limit: 431', async () => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    const received = await exchangeBytes(gavel.url, auctionHead(2, `x-long: ${'x'.repeat(64 * KIB)}\r\n`));
    expect(received).toMatch(/^HTTP\/1\.1 431 /);
    expect(await metric(gavel, 'rtb_client_connections_cut_total{reason="headers-too-large"}')).toBe(1);
  });

  it('a length above the limit is refused before the body comes', async () => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    const received = await exchangeBytes(gavel.url, auctionHead(1e9), /\r\n\r\n/);
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('garbage behind a request: the request is answered, the garbage ends the connection', async () => {
    const gavel = await start({ asked: bidding({ price: 1 }) });
    const received = await exchangeBytes(gavel.url, `${auctionBytes(adRequest('good'))}\0garbage\r\n\r\n`);
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(await metric(gavel, 'rtb_client_connections_cut_total{reason="malformed"}')).toBe(1);
    expect(gavel.dsp('asked').asked.map(({ request }) => request.id)).toEqual(['good']);
  });

  it('cost about a valid request at most', () => {
    const read = createRequestReader();
    const valid = JSON.stringify({ ...adRequest('x'), imp: imps(64), ext: { pad: 'x'.repeat(240 * KIB) } });
    const costMs = (body: string | Buffer): number => {
      const bytes = Buffer.from(body);
      const runs = Array.from({ length: 31 }, () => {
        const startedAtMs = performance.now();
        read(bytes, { strictness: 'default' });
        return performance.now() - startedAtMs;
      });
      return quantile(
        runs.sort((a, b) => a - b),
        0.5,
      );
    };
    const validMs = costMs(valid);
    const table = HOSTILE_BODIES.map(({ name, body }) => ({ name, ms: costMs(body) }));
    for (const { name, ms } of table) expect(ms, name).toBeLessThan(Math.max(1, 3 * validMs));
  });
});
