/** Bids by click are ranked by a model server, whatever becomes of it and of the shared cache meanwhile. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type InferCall,
  type StubModelServer,
  startStubModelServer,
} from '../adapters/model/testing/stub-model-server.ts';
import { SHIPPED_MODEL_KEY, shippedModelFolder } from '../config/shipped-model.ts';
import { clearAuction } from '../engine/auction/clear.ts';
import type { BidCandidate, EstimateSource } from '../engine/auction/types.ts';
import { FEATURE_COUNT, FEATURES } from '../engine/estimation/features/schema.ts';
import { readCalibration } from '../engine/estimation/models/calibration.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { bidding } from './support/scripted-dsp.ts';
import { freePort, hasRedisServer, startRedis } from './support/services.ts';
import { type AdAnswer, adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
const AD_WIDTH = FEATURES.findIndex(({ name }) => name === 'ad.width');
const MLSERVER = process.env.MLSERVER ?? 'mlserver';
const hasMlServer = spawnSync(MLSERVER, ['--version']).status === 0;

let server: StubModelServer;
let gavel: TestGavel | null;
beforeEach(async () => {
  server = await startStubModelServer(FEATURE_COUNT);
  server.respond = byWidth;
  gavel = null;
});
afterEach(async () => {
  await gavel?.close();
  await server.close();
});

const rateOf = (width: number): number => width / 10_000;

const widths = ({ data, rowCount }: InferCall): number[] =>
  Array.from({ length: rowCount }, (_, row) => data[row * FEATURE_COUNT + AD_WIDTH]!);

/** People click on what is wide. */
function byWidth(call: InferCall): void {
  call.answer(widths(call).map(rateOf));
}

/** Leaves no time to be late for a busy machine; a test about time sets its own. */
async function start(config: Record<string, unknown> = {}): Promise<TestGavel> {
  const byClick = { pricing: 'cpc' } as const;
  gavel = await startTestGavel({
    dsps: {
      narrow: { bid: bidding({ id: 'narrow', price: 1, w: 300, h: 250 }), config: byClick },
      wide: { bid: bidding({ id: 'wide', price: 1, w: 728, h: 90, cid: 'campaign-1' }), config: byClick },
      mille: bidding({ id: 'mille', price: 0.01, w: 300, h: 250 }),
    },
    config: {
      'admission.enabled': false,
      'estimation.model.source': 'remote',
      'estimation.model.remote.url': server.url,
      'estimation.model.remote.budgetMs': 1000,
      'estimation.model.cache.exact': { localMs: 60_000, sharedMs: 60_000, staleMs: 300_000 },
      ...config,
    },
  });
  await isServing();
  return gavel;
}

async function status(): Promise<{ version: unknown; isFailing: boolean }> {
  const body = await (await fetch(`${gavel!.url}/status`)).json();
  return (body as { clickModel: { version: unknown; isFailing: boolean } }).clickModel;
}

const isServing = (): Promise<void> =>
  vi.waitFor(async () => expect(await status()).toMatchObject({ isFailing: false }), PATIENCE);

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gavel!.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

/** Placements differ in the coarse key, users in the exact one only. */
function ask(id: string, { placement = 'top', user = 'MALE' }: { placement?: string; user?: string } = {}): BidRequest {
  const format = [
    { w: 300, h: 250 },
    { w: 728, h: 90 },
  ];
  const imp = [{ id: '1', tagid: placement, banner: { format } }];
  const site = { domain: `${placement}.example`, publisher: { id: 'pub-1' } };
  return adRequest(id, { imp, site, user: { id: user, yob: 1950 + user.length } });
}

const winnerOf = (answer: AdAnswer): string | undefined => bidsOf(answer)[0]?.id;

function estimateOf(event: AuctionEvent, dspId = 'wide'): Pick<BidCandidate, 'ctr' | 'ctrSource' | 'ctrModel'> {
  const { ctr, ctrSource, ctrModel } = event.input!.bids.find((bid) => bid.dspId === dspId)!;
  return { ctr, ctrSource, ctrModel };
}

const byWidthOf = (width: number, ctrSource: EstimateSource, ctrModel: string) => ({
  ctr: expect.closeTo(rateOf(width), 9),
  ctrSource,
  ctrModel,
});

describe('a model server', () => {
  it('ranks bids by click; what it said serves the next request', async () => {
    const { post, eventOf } = await start();
    expect(winnerOf(await post(ask('first')))).toBe('wide');
    const first = await eventOf('first');
    expect(estimateOf(first)).toEqual(byWidthOf(728, 'model', '1'));
    expect(estimateOf(first, 'narrow')).toEqual(byWidthOf(300, 'model', '1'));
    expect(estimateOf(first, 'mille')).toEqual({ ctr: 0.001, ctrSource: 'prior', ctrModel: null });
    await post(ask('second'));
    expect(estimateOf(await eventOf('second'))).toEqual(byWidthOf(728, 'l1', '1'));
    expect(await metric('rtb_ctr_requests_total{tier="model"}')).toBe(2);
    expect(await metric('rtb_ctr_requests_total{tier="l1"}')).toBe(2);
    expect(await metric('rtb_cache_lookups_total{tier="l1",result="hit"}')).toBe(2);
    expect(await metric('rtb_cache_lookups_total{tier="l1",result="miss"}')).toBe(2);
    expect(await metric('rtb_ctr_model_rows_total')).toBe(2);
    expect(await status()).toEqual({ version: '1', isFailing: false });
  });

  it('is not asked where nobody bids by click', async () => {
    const { post } = await start({ dsps: [] });
    expect((await post(ask('r'))).status).toBe(200);
    expect(server.calls).toEqual([]);
  });

  it('is asked once for what many want at a time', async () => {
    server.respond = null;
    const { post } = await start();
    const answers = Array.from({ length: 50 }, (_, index) => post(ask(`r${index}`)));
    await vi.waitFor(async () => expect(await metric('rtb_cache_stampede_joined_total')).toBe(98), PATIENCE);
    for (const call of server.calls) byWidth(call);
    for (const answer of await Promise.all(answers)) expect(winnerOf(answer)).toBe('wide');
    expect(server.calls.flatMap(widths).sort()).toEqual([300, 728]);
  });

  it('that hangs costs an auction its budget at most, and what comes late serves the next', async () => {
    server.respond = null;
    const config = { 'estimation.model.remote.budgetMs': 20, 'estimation.model.remote.callTimeoutMs': 60_000 };
    const { post, eventOf } = await start(config);
    expect((await post(ask('waiting'))).body.seatbid).toHaveLength(1);
    const { input, outcome, timings, closing } = await eventOf('waiting');
    expect(closing).toBe('all-replied');
    // The other limits are seconds away.
    expect(timings.answeredAtMs).toBeLessThan(1000);
    expect(input!.bids.map(({ ctrSource }) => ctrSource).sort()).toEqual(['fallback', 'fallback', 'prior']);
    expect(clearAuction(input!)).toEqual(outcome);
    expect(await metric('rtb_ctr_fallback_total{cause="late"}')).toBe(2);
    for (const call of server.calls) byWidth(call);
    await vi.waitFor(async () => expect(await metric('rtb_ctr_model_rows_total')).toBe(2), PATIENCE);
    await post(ask('after'));
    expect(estimateOf(await eventOf('after'))).toEqual(byWidthOf(728, 'l1', '1'));
  });

  it('that was replaced by another model is asked anew', async () => {
    const { post, eventOf } = await start();
    await post(ask('old'));
    server.version = '2';
    server.respond = (call) => call.answer(widths(call).map((width) => 1 / width));
    await post(ask('swapped', { placement: 'bottom' }));
    expect(estimateOf(await eventOf('swapped'))).toMatchObject({ ctrSource: 'model', ctrModel: '2' });
    expect(winnerOf(await post(ask('new')))).toBe('narrow');
    expect(estimateOf(await eventOf('new'))).toEqual({ ctr: 1 / 728, ctrSource: 'model', ctrModel: '2' });
    expect(await status()).toEqual({ version: '2', isFailing: false });
  });
});

/** Answers that are none. */
const CORRUPTIONS: readonly ((call: InferCall) => void)[] = [
  (call) => call.answer([], { body: '<html>Bad gateway</html>' }),
  (call) => call.answer([], { status: 503 }),
  (call) => call.answer([]),
  (call) => call.answer(widths(call).map(() => Number.NaN)),
  (call) => call.answer(widths(call).map(() => 1.5)),
  (call) => call.answer(widths(call).map(() => -1)),
];

describe('under load', () => {
  it('a model that is killed, slowed down, corrupted and swapped fails no request', async () => {
    const { post, allEvents } = await start({
      'estimation.model.remote.budgetMs': 20,
      'estimation.model.remote.callTimeoutMs': 200,
      'estimation.model.cache.exact': { localMs: 300, sharedMs: 500, staleMs: 300_000 },
      'estimation.model.cache.coarse': { localMs: 300, sharedMs: 500, staleMs: 300_000 },
    });
    const answers: AdAnswer[] = [];
    let isOver = false;
    let count = 0;
    const client = async (): Promise<void> => {
      while (!isOver) answers.push(await post(ask(`r${count++}`, { placement: `p${count % 20}` })));
    };
    const clients = Array.from({ length: 4 }, client);
    /** Until so many more requests have been answered with this going on, and `seen` says that it had an effect. */
    const during = async (respond: StubModelServer['respond'], seen: () => Promise<number>): Promise<void> => {
      const answeredBefore = answers.length;
      const before = await seen();
      server.respond = respond;
      await vi.waitFor(async () => {
        expect(answers.length).toBeGreaterThan(answeredBefore + 50);
        expect(await seen()).toBeGreaterThan(before);
      }, PATIENCE);
    };
    const failures = (reason: string) => () => metric(`rtb_ctr_question_failures_total{reason="${reason}"}`);
    const fromModel = () => metric('rtb_ctr_requests_total{tier="model"}');
    const recovery = () => during(byWidth, fromModel);

    try {
      await recovery();
      let calls = 0;
      await during((call) => CORRUPTIONS[calls++ % CORRUPTIONS.length]!(call), failures('out-of-range'));
      expect(await failures('unreadable')()).toBeGreaterThan(0);
      expect(await failures('refused')()).toBeGreaterThan(0);
      await recovery();
      await during((call) => setTimeout(byWidth, 300, call), failures('deadline'));
      await recovery();
      const port = Number(new URL(server.url).port);
      await server.close();
      await during(null, failures('unreachable'));
      server = await startStubModelServer(FEATURE_COUNT, port);
      server.version = '2';
      await recovery();
    } finally {
      isOver = true;
      await Promise.all(clients);
    }

    for (const { status: code, body } of answers) {
      expect(code).toBe(200);
      expect(body.seatbid).toHaveLength(1);
    }
    const sources = new Set<EstimateSource>();
    const models = new Set<unknown>();
    for (const { input, outcome } of await allEvents(answers.length)) {
      expect(clearAuction(input!)).toEqual(outcome);
      for (const { ctr, ctrSource, ctrModel } of input!.bids) {
        expect(ctr > 0 && ctr < 1).toBe(true);
        sources.add(ctrSource);
        models.add(ctrModel);
        expect(ctrModel === null).toBe(ctrSource === 'fallback' || ctrSource === 'prior');
      }
    }
    expect([...sources]).toEqual(expect.arrayContaining(['model', 'l1', 'stale', 'prior']));
    expect(models).toEqual(new Set([null, '1', '2']));
  }, 120_000);
});

describe.skipIf(!hasRedisServer)('with Redis', () => {
  it('processes share what the model said, and go on without when it is killed', async () => {
    const redis = (await startRedis(await freePort()))!;
    try {
      const config = { 'estimation.model.cache.redisUrl': redis.url };
      const first = await start(config);
      await first.post(ask('here'));
      const second = await start(config);
      try {
        await vi.waitFor(async () => {
          const id = `there-${performance.now()}`;
          await second.post(ask(id));
          expect(estimateOf(await second.eventOf(id)).ctrSource).not.toBe('model');
        }, PATIENCE);
        const [there] = await second.events();
        expect(estimateOf(there!)).toEqual(byWidthOf(728, 'l2', '1'));
        await redis.stop();
        await second.post(ask('alone', { placement: 'bottom' }));
        expect(estimateOf(await second.eventOf('alone'))).toEqual(byWidthOf(728, 'model', '1'));
        expect(await metric('rtb_cache_failures_total')).toBeGreaterThan(0);
      } finally {
        await first.close();
      }
    } finally {
      await redis.stop().catch(() => {});
    }
  });
});

describe.skipIf(!hasMlServer)('with MLServer', () => {
  it('the model that ships estimates what it estimates in this process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mlserver-'));
    const bundle = shippedModelFolder('ctr');
    const port = await freePort();
    const settings = {
      host: '127.0.0.1',
      http_port: port,
      grpc_port: await freePort(),
      metrics_port: await freePort(),
      parallel_workers: 0,
    };
    await cp(join(bundle, 'model.txt'), join(folder, 'model.bst'));
    await writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
    await writeFile(
      join(folder, 'model-settings.json'),
      JSON.stringify({
        name: 'clicks',
        implementation: 'mlserver_lightgbm.LightGBMModel',
        parameters: { uri: './model.bst', version: '7' },
        inputs: [{ name: 'rows', datatype: 'FP64', shape: [-1, FEATURE_COUNT] }],
      }),
    );
    const process: ChildProcess = spawn(MLSERVER, ['start', folder], { cwd: folder, stdio: 'ignore' });
    try {
      const config = {
        'estimation.model.remote.url': `http://127.0.0.1:${port}`,
        'estimation.model.remote.ratesFile': join(bundle, 'rates.json'),
      };
      const remote = await start(config);
      await remote.post(ask('r'));
      const { ctr, ...source } = estimateOf(await remote.eventOf('r'));
      expect(source).toEqual({ ctrSource: 'model', ctrModel: '7' });
      await remote.close();
      gavel = null;

      const calibration = readCalibration(JSON.parse(await readFile(join(bundle, 'calibration.json'), 'utf8')));
      const local = await startLocal();
      await local.post(ask('r'));
      expect(estimateOf(await local.eventOf('r')).ctr).toBeCloseTo(calibration.calibrate(ctr), 12);
    } finally {
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  async function startLocal(): Promise<TestGavel> {
    gavel = await startTestGavel({
      dsps: {
        wide: {
          bid: bidding({ id: 'wide', price: 1, w: 728, h: 90, cid: 'campaign-1' }),
          config: { pricing: 'cpc' },
        },
      },
      config: {
        'admission.enabled': false,
        'estimation.model.source': 'bundle',
        'estimation.model.publicKeys': [SHIPPED_MODEL_KEY],
      },
    });
    return gavel;
  }
});

it('does not start without the rates that it is to make rows with', async () => {
  const config = { 'estimation.model.remote.ratesFile': '/nowhere/rates.json' };
  await expect(start(config)).rejects.toThrow(/estimation\.model\.remote\.ratesFile: \/nowhere\//);
});
