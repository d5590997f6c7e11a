/** What happens to the process itself: blocked, starved, full, stopped, faulty. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import { type FaultyGavel, type FaultyGavelOptions, startFaultyGavel } from '../support/faulty-gavel.ts';
import { IS_BUILT } from '../support/gavel-process.ts';
import { startLoad } from '../support/load.ts';
import { auctionBytes, exchangeBytes, openSocket, startSlowClients } from '../support/raw-clients.ts';
import { bidding, type Script, type ScriptedDsp, silence, startScriptedDsp } from '../support/scripted-dsp.ts';
import { adRequest, bidsOf, postAdRequest } from '../support/test-gavel.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const NEW_CONNECTION = { headers: { connection: 'close' } };
/** What is done to a DSP that is held to blame, as reasons to skip it. */
const PUNISHMENTS: ReadonlySet<string> = new Set(['breaker-open', 'out-of-rotation', 'throttled']);
/** How long the process may take to be as before, once the cause has gone. */
const RECOVERY_MS_MAX = 5000;

async function startDsp(bid: Script): Promise<ScriptedDsp> {
  const dsp = await startScriptedDsp({ bid });
  closers.push(dsp.close);
  return dsp;
}

/** An engine that asks these DSPs, with the defaults for everything about time but where `sections` say otherwise. */
async function startEngine(
  dsps: Readonly<Record<string, ScriptedDsp>>,
  { config = {}, ...options }: Partial<FaultyGavelOptions> = {},
): Promise<FaultyGavel> {
  const gavel = await startFaultyGavel({
    ...options,
    config: {
      log: { level: 'warn' },
      dsps: Object.entries(dsps).map(([id, { origin }]) => ({ id, url: `${origin}/bid` })),
      dspDefaults: { callsPerSecond: 100, timeoutMs: 100 },
      ...config,
    },
  });
  closers.push(gavel.close);
  return gavel;
}

const post = (gavel: FaultyGavel, id: string, init = {}) =>
  postAdRequest(gavel.url, adRequest(id, { tmax: 500 }), init);

/** Answers after so long. */
function after(delayMs: number, script: Script): Script {
  return (request, response) => setTimeout(script, delayMs, request, response);
}

/** Every DSP as it should be: called in full, breaker closed. */
async function expectHealthyDsps(gavel: FaultyGavel): Promise<void> {
  expect(await gavel.metric('rtb_dsp_breaker_state')).toBe(0);
  expect(await gavel.metric('rtb_dsp_throttle_ratio', 'dsp="near"')).toBe(1);
  expect(await gavel.metric('rtb_dsp_throttle_ratio', 'dsp="far"')).toBe(1);
}

describe.skipIf(!IS_BUILT)('F41 the event loop is blocked (needs a build: npm run build)', () => {
  // The DSPs live on the same machine: where it gives them no time, they are late indeed.
  it('for 250 ms of every 400: no DSP is held to blame', { retry: 2 }, async () => {
    const timeoutMs = 150;
    const gavel = await startEngine(
      {
        near: await startDsp(after(2, bidding({ price: 1 }))),
        far: await startDsp(after(15, bidding({ price: 2 }))),
      },
      {
        config: {
          // What waits for the blocked loop is to be asked for all the same.
          admission: { enabled: false },
          auction: { tmaxDefaultMs: 500 },
          dspDefaults: { callsPerSecond: 500, timeoutMs, timeoutMsMin: timeoutMs },
        },
      },
    );
    // As many as a block can hit, so that what is held against a DSP opens its breaker.
    const load = startLoad(gavel.url, { clients: 16, seed: 41 });
    await load.answered(200);
    await gavel.inject({ deed: 'blockEvery', forMs: 250, everyMs: 400 });
    const before = load.answeredAtMs.size;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await gavel.inject({ deed: 'stopBlocking' });
    expect(load.answeredAtMs.size).toBeGreaterThan(before + 20);
    await expectHealthyDsps(gavel);
    gavel.kill('SIGTERM');
    await load.ended;
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    const detailsOf = (events: readonly AuctionEvent[]) =>
      events.flatMap(({ dsps }) => dsps.map(({ detail }) => detail));
    expect(detailsOf(await gavel.events()).filter((detail) => PUNISHMENTS.has(detail))).toEqual([]);
  });
});

describe.skipIf(!IS_BUILT)('F42 no descriptors left (needs a build: npm run build)', () => {
  // Small segments need descriptors often; all of them are kept.
  const EVENTS = { segmentBytesMax: 65_536, totalBytesMax: 16 * 1_048_576 };

  // Where the machine has no time for a good client's request, newcomers may push it out before it is read.
  it('clients cannot take what the rest needs, and good ones find their way in', { retry: 2 }, async () => {
    const gavel = await startEngine({ near: await startDsp(bidding({ price: 1 })) }, { descriptorsMax: 256 });
    const crowd = startSlowClients(gavel.url, { count: 400, byteEveryMs: 200, isPersistent: true });
    closers.push(crowd.stop);
    await expect.poll(crowd.cutCount, { timeout: 10_000 }).toBeGreaterThan(400);
    for (let index = 0; index < 30; index++) {
      expect((await post(gavel, `in-the-crowd-${index}`, NEW_CONNECTION)).status).toBe(200);
    }
    expect(await gavel.metric('rtb_client_connections')).toBeLessThan(200);
    expect(await gavel.metric('process_open_fds')).toBeLessThan(256);
    expect(await gavel.metric('rtb_dsp_requests_total', 'result="unreachable"')).toBe(0);
    expect(await gavel.metric('rtb_events_dropped_total')).toBe(0);
  });

  it('with none at all: no crash, no event lost, no DSP to blame, and all is well within 5 s of their return', async () => {
    const gavel = await startEngine(
      {
        near: await startDsp(bidding({ price: 1 })),
        // Needs a new connection for each call, so that calls to it cannot be made.
        far: await startDsp((request, response) => {
          response.setHeader('connection', 'close');
          bidding({ price: 2 })(request, response);
        }),
      },
      { descriptorsMax: 256, config: { events: EVENTS } },
    );
    const load = startLoad(gavel.url, { clients: 4, seed: 42 });
    await load.answered(50);
    await gavel.inject({ deed: 'takeDescriptors' });
    await load.answered(load.answeredAtMs.size + 300);
    const keptOut = openSocket(gavel.url);
    await new Promise((resolve) => keptOut.once('close', resolve));
    await gavel.inject({ deed: 'giveDescriptors' });
    const givenAtMs = performance.now();
    await expect
      .poll(() => post(gavel, 'let-in', NEW_CONNECTION).then(bidsOf, () => []), { timeout: RECOVERY_MS_MAX })
      .toMatchObject([{ price: expect.any(Number) }]);
    expect(performance.now() - givenAtMs).toBeLessThan(RECOVERY_MS_MAX);
    expect(await gavel.metric('rtb_dsp_requests_total', 'dsp="far",result="unreachable"')).toBeGreaterThan(100);
    await expectHealthyDsps(gavel);
    expect(await gavel.metric('rtb_events_dropped_total')).toBe(0);
    gavel.kill('SIGTERM');
    await load.ended;
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    const logged = new Set((await gavel.events()).map(({ requestId }) => requestId));
    expect([...load.answeredAtMs.keys()].filter((id) => !logged.has(id))).toEqual([]);
  });
});

describe.skipIf(!IS_BUILT)('F43 the heap is near its limit (needs a build: npm run build)', () => {
  it('sheds from 85%, asks for a restart at 92%, and takes all again when there is room', async () => {
    const gavel = await startEngine(
      { near: await startDsp(bidding({ price: 1 })) },
      { config: { admission: { enabled: true } }, nodeOptions: ['--max-old-space-size=160'] },
    );
    const refusals = async (): Promise<number> => {
      let count = 0;
      for (let index = 0; index < 40; index++) if ((await post(gavel, `r-${index}`)).status === 429) count++;
      return count;
    };
    expect(await refusals()).toBe(0);
    await gavel.inject({ deed: 'fillHeap', toShare: 0.88 });
    await expect.poll(refusals).toBeGreaterThan(5);
    expect(await gavel.metric('rtb_shed_total', 'cause="heap"')).toBeGreaterThan(5);
    expect(await gavel.metric('rtb_restart_wanted')).toBe(0);
    await gavel.inject({ deed: 'fillHeap', toShare: 0.94 });
    await expect.poll(() => gavel.metric('rtb_restart_wanted'), { timeout: 10_000 }).toBe(1);
    expect(gavel.stderr()).toContain('is to be replaced');
    await gavel.inject({ deed: 'emptyHeap' });
    await expect.poll(refusals, { timeout: RECOVERY_MS_MAX }).toBe(0);
  });
});

describe.skipIf(!IS_BUILT)('F45 the process is told to stop (needs a build: npm run build)', () => {
  it('ends within 10 s whoever hangs, and answers every request that was sent whole', async () => {
    const hanging = await startDsp(silence);
    const notices = await startScriptedDsp({
      bid: (request, response) =>
        bidding({ price: 1, nurl: `http://127.0.0.1:${new URL(notices.origin).port}/win` })(request, response),
      notice: () => {},
    });
    closers.push(notices.close);
    const gavel = await startEngine(
      { hanging, notices },
      { config: { dspDefaults: { callsPerSecond: 10, timeoutMs: 3000 }, notices: { allowedHosts: ['127.0.0.1'] } } },
    );
    const slow = startSlowClients(gavel.url, { count: 60, byteEveryMs: 100, isPersistent: true });
    closers.push(slow.stop);
    await exchangeBytes(gavel.url, auctionBytes(adRequest('sold', { tmax: 500 }), 'connection: close\r\n'));
    await expect.poll(() => notices.notices.length).toBe(1);
    const halfSent = openSocket(gavel.url);
    halfSent.write(auctionBytes(adRequest('half-sent')).slice(0, -10));
    const ids = Array.from({ length: 20 }, (_, index) => `under-way-${index}`);
    const answers = ids.map((id) =>
      exchangeBytes(gavel.url, auctionBytes(adRequest(id, { tmax: 1000 }), 'connection: close\r\n')),
    );
    await expect.poll(() => hanging.asked.length).toBe(ids.length + 1);
    const stoppedAtMs = performance.now();
    gavel.kill('SIGTERM');
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - stoppedAtMs).toBeLessThan(10_000);
    const logged = (await gavel.events()).map(({ requestId }) => requestId);
    expect(logged.toSorted()).toEqual(['sold', ...ids].toSorted());
  });

  it('killed in the middle of its drain, leaves a log that can be read', async () => {
    const gavel = await startEngine({ hanging: await startDsp(silence), near: await startDsp(bidding({ price: 1 })) });
    const load = startLoad(gavel.url, { clients: 8, seed: 45 });
    await load.answered(100);
    gavel.kill('SIGTERM');
    gavel.kill('SIGTERM');
    gavel.kill('SIGKILL');
    await load.ended;
    await gavel.ended;
    const logged = await gavel.events();
    expect(logged.length).toBeGreaterThan(50);
    expect(new Set(logged.map(({ auctionId }) => auctionId)).size).toBe(logged.length);
  });
});

describe.skipIf(!IS_BUILT)('F47 a fault that nobody caught (needs a build: npm run build)', () => {
  it('costs no request, and is counted and logged', async () => {
    const gavel = await startEngine({ near: await startDsp(bidding({ price: 1 })) });
    const load = startLoad(gavel.url, { clients: 4, seed: 47 });
    await load.answered(50);
    for (const deed of ['reject', 'throw', 'reject', 'throw', 'throw'] as const) {
      await gavel.inject({ deed });
      await load.answered(load.answeredAtMs.size + 20);
    }
    expect(await gavel.metric('rtb_process_faults_total', 'origin="rejection"')).toBe(2);
    expect(await gavel.metric('rtb_process_faults_total', 'origin="exception"')).toBe(3);
    expect(gavel.stderr()).toContain('injected exception');
    expect(gavel.stderr()).toContain('injected rejection');
    gavel.kill('SIGTERM');
    await load.ended;
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
  });

  it('six within a minute: the process finishes what it has, and ends with code 1 to be replaced', async () => {
    const near = await startDsp(after(300, bidding({ price: 1 })));
    const gavel = await startEngine({ near }, { config: { dspDefaults: { callsPerSecond: 50, timeoutMs: 2000 } } });
    const ids = Array.from({ length: 10 }, (_, index) => `under-way-${index}`);
    const answers = ids.map((id) => postAdRequest(gavel.url, adRequest(id, { tmax: 900 })));
    await expect.poll(() => near.asked.length).toBe(ids.length);
    for (let fault = 0; fault < 6; fault++) await gavel.inject({ deed: fault % 2 === 0 ? 'throw' : 'reject' });
    for (const answer of await Promise.all(answers)) expect(bidsOf(answer)).toHaveLength(1);
    expect(await gavel.ended).toEqual({ code: 1, signal: null });
    expect((await gavel.events()).map(({ requestId }) => requestId).toSorted()).toEqual(ids.toSorted());
  });
});
