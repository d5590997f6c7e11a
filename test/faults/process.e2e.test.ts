/** What happens to the process itself: blocked, starved, full, stopped, faulty. */
import { afterEach, describe, expect, it } from 'vitest';
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
  it.each([
    { blocks: '200 ms now and then', forMs: 200, everyMs: 1000 },
    { blocks: '50 ms twice a second, as a busy collector would', forMs: 50, everyMs: 500 },
  ])('for $blocks: no DSP is held to blame', async ({ forMs, everyMs }) => {
    const gavel = await startEngine({
      near: await startDsp(after(2, bidding({ price: 1 }))),
      far: await startDsp(after(15, bidding({ price: 2 }))),
    });
    const load = startLoad(gavel.url, { clients: 4, seed: 41 });
    await load.answered(200);
    await gavel.inject({ deed: 'blockEvery', forMs, everyMs });
    const before = load.answeredAtMs.size;
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await gavel.inject({ deed: 'stopBlocking' });
    expect(load.answeredAtMs.size).toBeGreaterThan(before + 50);
    await expectHealthyDsps(gavel);
    gavel.kill('SIGTERM');
    await load.ended;
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    // What came before the block and was to be answered in it is answered with what there is, and no later than need be.
    const asked = (await gavel.events()).flatMap(({ dsps }) => dsps);
    const skipped = asked.filter(({ result }) => result === 'skipped');
    expect(skipped.length).toBeLessThan(asked.length * 0.01);
  });
});

describe.skipIf(!IS_BUILT)('F42 no descriptors left (needs a build: npm run build)', () => {
  const EVENTS = { segmentBytesMax: 65_536, totalBytesMax: 1_048_576 };

  it('clients cannot take what the rest needs, and good ones find their way in', async () => {
    const gavel = await startEngine(
      { near: await startDsp(bidding({ price: 1 })) },
      { descriptorsMax: 256, config: { dspDefaults: { callsPerSecond: 100, timeoutMs: 100 } } },
    );
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
    const far = await startDsp(bidding({ price: 2 }));
    const gavel = await startEngine(
      { near: await startDsp(bidding({ price: 1 })), far },
      { descriptorsMax: 256, config: { events: EVENTS, dsps: undefined } && { events: EVENTS } },
    );
    closers.length; // (placeholder)
  });
});
