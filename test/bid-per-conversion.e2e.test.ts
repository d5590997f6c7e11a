/** A bid per conversion ranks by two models, pays per conversion, and its auction can be cleared again from the event. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TRAINER_KEY } from '../adapters/model/testing/build-bundle.ts';
import { loadConfig } from '../config/load.ts';
import { clearAuction } from '../engine/auction/clear.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { publishWidthModel, rateOfWidth, type WidthModel } from './support/model-bundle.ts';
import { bidding, originOf, type Script } from './support/scripted-dsp.ts';
import { adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const CLICKS: WidthModel = { version: 3, intercept: -4, weightOfWidth: 0.001 };
const CONVERSIONS: WidthModel = { version: 5, intercept: -3, weightOfWidth: 0.002, target: 'conversion' };
const CONVERSION_BID = 40;
const CLICK_BID = 0.5;
const INCREMENT_MICROS = 250_000;

let clickFolder: string;
let conversionFolder: string;
let gavel: TestGavel | null;
beforeEach(async () => {
  clickFolder = await mkdtemp(join(tmpdir(), 'ctr-'));
  conversionFolder = await mkdtemp(join(tmpdir(), 'cvr-'));
  gavel = null;
});
afterEach(async () => {
  await gavel?.close();
  await rm(clickFolder, { recursive: true, force: true });
  await rm(conversionFolder, { recursive: true, force: true });
});

const MACROS = 'p=${AUCTION_PRICE}&min=${AUCTION_MIN_TO_WIN}&mbr=${AUCTION_MBR}&loss=${AUCTION_LOSS}';

function bids(id: string, price: number): Script {
  return (request, response) => {
    const origin = originOf(response);
    bidding({ id, price, crid: id, nurl: `${origin}/win?${MACROS}`, lurl: `${origin}/loss?${MACROS}` })(
      request,
      response,
    );
  };
}

function modelConfig(key: 'model' | 'conversionModel', directory: string): Record<string, unknown> {
  return {
    [`estimation.${key}.source`]: 'bundle',
    [`estimation.${key}.directory`]: directory,
    [`estimation.${key}.publicKeys`]: [TRAINER_KEY],
    [`estimation.${key}.reloadIntervalMs`]: 100,
  };
}

const withClicks = (): Record<string, unknown> => modelConfig('model', clickFolder);
const withBoth = (): Record<string, unknown> => ({
  ...withClicks(),
  ...modelConfig('conversionModel', conversionFolder),
});

async function start(config: Record<string, unknown>): Promise<TestGavel> {
  gavel = await startTestGavel({
    dsps: {
      converter: { bid: bids('converter', CONVERSION_BID), config: { pricing: 'cpa' } },
      clicker: { bid: bids('clicker', CLICK_BID), config: { pricing: 'cpc' } },
      mille: bids('mille', 1),
    },
    config: {
      'admission.enabled': false,
      'auction.incrementConversionMicros': INCREMENT_MICROS,
      ...config,
    },
  });
  return gavel;
}

function estimatesOf(event: AuctionEvent, dspId: string) {
  const { ctr, ctrSource, ctrModel, cvr, cvrSource, cvrModel } = event.input!.bids.find((bid) => bid.dspId === dspId)!;
  return { ctr, ctrSource, ctrModel, cvr, cvrSource, cvrModel };
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gavel!.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const status = async (): Promise<unknown> => (await fetch(`${gavel!.url}/status`)).json();

describe('with both models', () => {
  it('a bid per conversion wins by click x conversion and pays per conversion what beats the bid per click', async () => {
    await publishWidthModel(clickFolder, CLICKS);
    await publishWidthModel(conversionFolder, CONVERSIONS);
    const { post, eventOf, dsp } = await start(withBoth());
    const answer = await post(adRequest('r'));
    const event = await eventOf('r');

    const ctr = rateOfWidth(CLICKS, 300);
    const cvr = rateOfWidth(CONVERSIONS, 300);
    const runnerUpEcpm = Math.floor(CLICK_BID * 1_000_000 * ctr * 1000);
    const clearing = Math.ceil(runnerUpEcpm / (ctr * cvr * 1000)) + INCREMENT_MICROS;
    const [win] = event.outcome!.wins;
    expect(win).toMatchObject({ clearingUnitMicros: clearing, clearingPriceMicrosInBidCurrency: clearing });
    expect(win!.clearingCpmMicros).toBe(Math.floor(clearing * ctr * cvr * 1000));
    expect(bidsOf(answer)).toMatchObject([{ id: 'converter', price: win!.clearingCpmMicros / 1_000_000 }]);

    const ofClicks = { ctr: expect.closeTo(ctr, 12), ctrSource: 'model', ctrModel: 3 };
    const ofConversions = { cvr: expect.closeTo(cvr, 12), cvrSource: 'model', cvrModel: 5 };
    const prior = { cvr: 0.01, cvrSource: 'prior', cvrModel: null };
    expect(estimatesOf(event, 'converter')).toEqual({ ...ofClicks, ...ofConversions });
    expect(estimatesOf(event, 'clicker')).toEqual({ ...ofClicks, ...prior });
    expect(estimatesOf(event, 'mille')).toEqual({ ctr: 0.001, ctrSource: 'prior', ctrModel: null, ...prior });
    expect(await metric('rtb_ctr_requests_total{tier="model"}')).toBe(2);
    expect(await metric('rtb_cvr_requests_total{tier="model"}')).toBe(1);
    expect(await metric('rtb_cvr_model_version')).toBe(5);
    expect(await status()).toMatchObject({ clickModel: { version: 3 }, conversionModel: { version: 5 } });

    const told = await vi.waitFor(() => {
      expect(dsp('converter').notices).toHaveLength(1);
      return new URLSearchParams(dsp('converter').notices[0]!.split('?')[1]);
    }, PATIENCE);
    expect(Number(told.get('p'))).toBeCloseTo(clearing / 1_000_000, 6);
    expect(Number(told.get('min'))).toBeCloseTo((clearing - INCREMENT_MICROS) / 1_000_000, 6);
    expect(Number(told.get('mbr'))).toBeCloseTo(clearing / 1_000_000 / CONVERSION_BID, 5);

    expect(clearAuction(event.input!)).toEqual(event.outcome);
  });
});

describe('without a conversion model', () => {
  it('the fallback estimates conversions while its bundle cannot be used, and the first good one is taken', async () => {
    await publishWidthModel(clickFolder, CLICKS);
    const { post, eventOf } = await start(withBoth());
    expect((await post(adRequest('before'))).status).toBe(200);
    const before = await eventOf('before');
    const { cvr, ...sources } = estimatesOf(before, 'converter');
    expect(cvr).toBeCloseTo(0.01, 9);
    expect(sources).toMatchObject({ ctrSource: 'model', cvrSource: 'fallback', cvrModel: null });
    expect(clearAuction(before.input!)).toEqual(before.outcome);
    expect(await metric('rtb_cvr_fallback_total{cause="no-model"}')).toBe(1);
    expect(await metric('rtb_cvr_model_loads_total{result="unreadable"}')).toBe(1);
    expect(await status()).toMatchObject({ conversionModel: { version: null } });

    await publishWidthModel(conversionFolder, CLICKS);
    const refusals = 'rtb_cvr_model_loads_total{result="target"}';
    await vi.waitFor(async () => expect(await metric(refusals)).toBeGreaterThan(0), PATIENCE);
    expect(await status()).toMatchObject({ conversionModel: { version: null } });

    await publishWidthModel(conversionFolder, CONVERSIONS);
    await vi.waitFor(async () => expect(await status()).toMatchObject({ conversionModel: { version: 5 } }), PATIENCE);
    await post(adRequest('after'));
    expect(estimatesOf(await eventOf('after'), 'converter')).toMatchObject({ cvrSource: 'model', cvrModel: 5 });
  });

  it('and none configured, conversions have their priors', async () => {
    await publishWidthModel(clickFolder, CLICKS);
    const { post, eventOf } = await start({ ...withClicks(), 'estimation.conversionPriors.banner': 0.2 });
    expect(bidsOf(await post(adRequest('r')))).toMatchObject([{ id: 'converter' }]);
    const event = await eventOf('r');
    expect(estimatesOf(event, 'converter')).toMatchObject({ ctrSource: 'model', cvr: 0.2, cvrSource: 'prior' });
    expect(clearAuction(event.input!)).toEqual(event.outcome);
    expect(await status()).not.toHaveProperty('conversionModel');
  });
});

it('the models that ship estimate both', async () => {
  const { model, conversionModel } = loadConfig({ file: null, environment: {}, overrides: {} }).estimation;
  const { post, eventOf } = await start({
    'estimation.model': { ...model, source: 'bundle' },
    'estimation.conversionModel': { ...conversionModel, source: 'bundle' },
  });
  await post(adRequest('r'));
  const { ctr, ctrSource, cvr, cvrSource } = estimatesOf(await eventOf('r'), 'converter');
  expect([ctrSource, cvrSource]).toEqual(['model', 'model']);
  for (const rate of [ctr, cvr]) expect(rate > 0 && rate < 0.5).toBe(true);
});
