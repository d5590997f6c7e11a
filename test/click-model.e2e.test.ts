/** Bids by click are ranked by the model of the process, whatever becomes of its bundle meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TRAINER_KEY } from '../adapters/model/testing/build-bundle.ts';
import { loadConfig } from '../config/load.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { publishWidthModel, rateOfWidth } from './support/model-bundle.ts';
import { bidding } from './support/scripted-dsp.ts';
import { type AdAnswer, adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const INTERCEPT = -4;

let folder: string;
let gavel: TestGavel | null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'click-model-'));
  gavel = null;
});
afterEach(async () => {
  await gavel?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A model by which people click on what is wide, or with a weight below 0 on what is narrow. */
const publish = (version: number, weightOfWidth: number): Promise<void> =>
  publishWidthModel(folder, { version, intercept: INTERCEPT, weightOfWidth });

const byClick = { pricing: 'cpc' } as const;

async function start(config: Record<string, unknown> = {}, wallMs = Date.now): Promise<TestGavel> {
  gavel = await startTestGavel({
    dsps: {
      narrow: { bid: bidding({ id: 'narrow', price: 1, w: 300, h: 250 }), config: byClick },
      wide: { bid: bidding({ id: 'wide', price: 1, w: 728, h: 90 }), config: byClick },
      mille: bidding({ id: 'mille', price: 0.01, w: 300, h: 250 }),
    },
    config: {
      'admission.enabled': false,
      'estimation.model.source': 'bundle',
      'estimation.model.directory': folder,
      'estimation.model.publicKeys': [TRAINER_KEY],
      'estimation.model.reloadIntervalMs': 100,
      ...config,
    },
    outside: { clock: { wallMs, monotonicMs: () => performance.now() } },
  });
  return gavel;
}

const IMP = {
  id: '1',
  tagid: 'top',
  banner: {
    format: [
      { w: 300, h: 250 },
      { w: 728, h: 90 },
    ],
  },
};
const ask = (id: string, parts: Partial<BidRequest> = {}): BidRequest => adRequest(id, { imp: [IMP], ...parts });

const winnerOf = (answer: AdAnswer): string | undefined => bidsOf(answer)[0]?.id;

function estimateOf(event: AuctionEvent, dspId: string) {
  const { ctr, ctrSource, ctrModel } = event.input!.bids.find((bid) => bid.dspId === dspId)!;
  return { ctr, ctrSource, ctrModel };
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gavel!.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const clickModel = async (): Promise<unknown> =>
  ((await (await fetch(`${gavel!.url}/status`)).json()) as { clickModel?: unknown }).clickModel;

/** Does something to the bundle and waits until the engine has refused it for that. */
async function seen(reason: string, act: () => Promise<void>): Promise<void> {
  const refusals = `rtb_ctr_model_loads_total{result="${reason}"}`;
  const before = await metric(refusals);
  await act();
  await vi.waitFor(async () => expect(await metric(refusals)).toBeGreaterThan(before), PATIENCE);
}

describe('a model', () => {
  it('ranks bids by click, and the event says so', async () => {
    await publish(3, 0.002);
    const { post, eventOf } = await start();
    expect(winnerOf(await post(ask('r')))).toBe('wide');
    const event = await eventOf('r');
    const ctr = (width: number): number =>
      rateOfWidth({ version: 3, intercept: INTERCEPT, weightOfWidth: 0.002 }, width);
    expect(estimateOf(event, 'wide')).toEqual({ ctr: expect.closeTo(ctr(728), 12), ctrSource: 'model', ctrModel: 3 });
    expect(estimateOf(event, 'narrow')).toEqual({ ctr: expect.closeTo(ctr(300), 12), ctrSource: 'model', ctrModel: 3 });
    expect(estimateOf(event, 'mille')).toEqual({ ctr: 0.001, ctrSource: 'prior', ctrModel: null });
    expect(await metric('rtb_ctr_requests_total{tier="model"}')).toBe(2);
    expect(await metric('rtb_ctr_model_version')).toBe(3);
    expect(await clickModel()).toEqual({ version: 3 });
  });

  it('ships', async () => {
    const defaults = loadConfig({ file: null, environment: {}, overrides: {} }).estimation.model;
    const { post, eventOf } = await start({
      'estimation.model.directory': defaults.directory,
      'estimation.model.publicKeys': defaults.publicKeys,
    });
    await post(ask('r'));
    const { ctr, ctrSource } = estimateOf(await eventOf('r'), 'wide');
    expect(ctrSource).toBe('model');
    expect(ctr).toBeGreaterThan(0);
    expect(ctr).toBeLessThan(0.5);
  });

  it('sees nothing of who must not be seen', async () => {
    const nowMs = Date.now();
    const { directory, publicKeys } = loadConfig({ file: null, environment: {}, overrides: {} }).estimation.model;
    const shipped = { 'estimation.model.directory': directory, 'estimation.model.publicKeys': publicKeys };
    const { post, eventOf } = await start(shipped, () => nowMs);
    const user = {
      id: 'u',
      yob: 1990,
      gender: 'F',
      data: [{ id: 'provider', segment: [{ id: 'segment-1' }, { id: 'segment-2' }] }],
    };
    const device = { ip: '192.0.2.1', ua: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0 Safari/537.36' };
    await post(ask('seen', { user, device }));
    await post(ask('stripped', { user, device, regs: { coppa: 1 } }));
    await post(ask('nobody', { device, regs: { coppa: 1 } }));
    const nobody = estimateOf(await eventOf('nobody'), 'wide');
    expect(estimateOf(await eventOf('stripped'), 'wide')).toEqual(nobody);
    expect(estimateOf(await eventOf('seen'), 'wide').ctr).not.toBe(nobody.ctr);
  });
});

describe('without a usable bundle at the start', () => {
  it('the fallback estimates, and the first good bundle is taken', async () => {
    const { post, eventOf } = await start();
    expect((await post(ask('before'))).status).toBe(200);
    const { ctr, ...rest } = estimateOf(await eventOf('before'), 'wide');
    expect(ctr).toBeCloseTo(0.001, 9);
    expect(rest).toEqual({ ctrSource: 'fallback', ctrModel: null });
    expect(await metric('rtb_ctr_fallback_total{cause="no-model"}')).toBe(2);
    expect(await metric('rtb_ctr_model_loads_total{result="unreadable"}')).toBe(1);
    expect(await clickModel()).toEqual({ version: null });
    await publish(1, -0.002);
    await vi.waitFor(async () => expect(await clickModel()).toEqual({ version: 1 }), PATIENCE);
    expect(winnerOf(await post(ask('after')))).toBe('narrow');
  });
});

describe('under load', () => {
  it('a bundle that is swapped, broken and removed fails no request', async () => {
    await publish(1, 0.002);
    const { post, allEvents } = await start();
    const answers: AdAnswer[] = [];
    let isOver = false;
    const client = async (name: string): Promise<void> => {
      for (let count = 0; !isOver; count++) answers.push(await post(ask(`${name}-${count}`)));
    };
    const clients = ['a', 'b', 'c', 'd'].map(client);

    await vi.waitFor(() => expect(answers.length).toBeGreaterThan(20), PATIENCE);
    await publish(2, -0.002);
    await vi.waitFor(async () => expect(await clickModel()).toEqual({ version: 2 }), PATIENCE);
    expect(winnerOf(await post(ask('swapped')))).toBe('narrow');
    await seen('file-hash', () => writeFile(join(folder, 'model.txt'), 'nonsense'));
    expect(winnerOf(await post(ask('broken')))).toBe('narrow');
    await seen('unreadable', () => rm(folder, { recursive: true }));
    expect(winnerOf(await post(ask('removed')))).toBe('narrow');
    isOver = true;
    await Promise.all(clients);

    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body.seatbid).toHaveLength(1);
    }
    const events = await allEvents(answers.length + 3);
    for (const { bids } of events.map(({ input }) => input!)) {
      for (const { ctr, pricing, ctrSource } of bids) {
        expect(ctr > 0 && ctr < 1).toBe(true);
        expect(ctrSource).toBe(pricing === 'cpc' ? 'model' : 'prior');
      }
    }
  });
});
