import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../config/load.ts';
import type { Config } from '../../../config/types.ts';
import type { InputParts } from '../../../engine/auction/testing/build-input.ts';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import { ALL_TIME, dspRecord, recordedAuction, recordedIn } from '../testing/recorded-log.ts';
import type { ConfigChange } from './config-change.ts';
import { runWhatIf, type WhatIfReport } from './what-if.ts';
import { formatWhatIf } from './what-if-text.ts';

const config = (overrides: Record<string, unknown> = {}): Config =>
  loadConfig({ file: null, environment: {}, overrides: { 'estimation.model.source': 'none', ...overrides } });
const DEFAULTS = config();

/** From the defaults to these settings, as `--set` does; parts replace what is known. */
function changeTo(overrides: Record<string, unknown>, parts: Partial<ConfigChange> = {}): ConfigChange {
  return { recorded: DEFAULTS, changed: config(overrides), mechanism: null, without: new Set(), ...parts };
}

async function whatIf(change: ConfigChange, ...events: readonly AuctionEvent[]): Promise<WhatIfReport> {
  return runWhatIf({ events: recordedIn([events]), window: ALL_TIME, change, defaults: DEFAULTS });
}

/** Nanos of revenue and impressions, before and after. */
function soldIn({ figures: { before, after } }: WhatIfReport): readonly number[] {
  return [before.revenueNanos, after.revenueNanos, before.impressions, after.impressions];
}

const BIDS: InputParts = { bids: [{ priceMicros: 3_000_000 }, { priceMicros: 2_000_000 }] };
const EVENT = recordedAuction(BIDS);

describe('what if nothing changed', () => {
  it('is what was recorded', async () => {
    const report = await whatIf(changeTo({}), EVENT);
    expect(soldIn(report)).toEqual([2_000_000, 2_000_000, 1, 1]);
    expect(report).toMatchObject({ otherWinners: 0, otherPrices: 0, limits: {}, unapplied: [], notCompared: {} });
  });

  it('keeps what the recording engine was configured to, whatever it was', async () => {
    const event = recordedAuction({
      ...BIDS,
      policy: { incrementCpmMicros: 77 },
      imps: [{ ruleFloorCpmMicros: 1_000_000, learnedFloorCpmMicros: 2_500_000, slotWeights: [1, 0.5] }],
    });
    const report = await whatIf(changeTo({ 'auction.incrementClickMicros': 1 }), event);
    expect(report).toMatchObject({ otherWinners: 0, otherPrices: 0 });
  });

  it('is so for a whole configuration that says the same', async () => {
    const known = config({ dsps: [dsp('dsp-a'), dsp('dsp-b')], 'auction.incrementCpmMicros': 0 });
    const report = await whatIf(changeTo({}, { recorded: null, changed: known }), EVENT);
    expect(soldIn(report)).toEqual([2_000_000, 2_000_000, 1, 1]);
  });
});

function dsp(id: string, parts: object = {}): object {
  return { id, url: `http://${id}.example/bid`, ...parts };
}

describe('what if', () => {
  it('winners paid what they bid', async () => {
    const report = await whatIf(changeTo({}, { mechanism: 'first_price' }), EVENT);
    expect(soldIn(report)).toEqual([2_000_000, 3_000_000, 1, 1]);
    expect(report).toMatchObject({ otherPrices: 1, limits: { 'would-react': 1, 'other-auction-type': 1 } });
  });

  it('the increment was another', async () => {
    const report = await whatIf(changeTo({ 'auction.incrementCpmMicros': 50_000 }), EVENT);
    expect(soldIn(report)).toEqual([2_000_000, 2_050_000, 1, 1]);
  });

  it('VCG charged several positions', async () => {
    const event = recordedAuction({
      bids: [...BIDS.bids!, { priceMicros: 1_000_000 }],
      imps: [{ slotWeights: [1, 0.5] }],
    });
    const report = await whatIf(changeTo({ 'auction.secondPriceMechanism': 'vcg' }), event);
    // Of the first: what the others lose by it, half of the second's bid and half of the third's.
    expect(soldIn(report)).toEqual([3_000_000, 1_500_000 + 1_000_000, 2, 2]);
  });

  it('there were floors', async () => {
    const floors = [{ country: 'USA', floorCpmMicros: 2_400_000 }];
    const events = [EVENT, recordedAuction({ auctionId: '2', bids: [{ priceMicros: 2_000_000 }] })];
    const report = await whatIf(changeTo({ floors }), ...events);
    expect(soldIn(report)).toEqual([2_000_000 + 0, 2_400_000, 2, 1]);
    expect(report).toMatchObject({ otherWinners: 1, otherPrices: 1 });
    expect(report.figures.difference.fill.value).toBeCloseTo(-0.5);
    expect(report.byDsp).toEqual({
      'dsp-a': {
        before: { impressions: 2, revenueNanos: 2_000_000 },
        after: { impressions: 1, revenueNanos: 2_400_000 },
      },
    });
    expect(Object.keys(report.byPublisher)).toEqual(['pub']);
  });

  it('who brings most stands first, also among publishers whose ids are numbers', async () => {
    const soldBy = (publisherId: string, priceMicros: number): AuctionEvent => {
      const event = recordedAuction({ auctionId: publisherId, bids: [{ priceMicros }, { priceMicros }] });
      return { ...event, features: { ...event.features, publisherId } };
    };
    const report = await whatIf(changeTo({}), soldBy('7', 1_000_000), soldBy('300', 3_000_000));
    const text = formatWhatIf(report, { source: 'a log', seconds: null });
    expect(text).toMatch(/\nPublisher [^\n]*\n300 [^\n]*\n7 /);
  });

  it('reserves were not learned', async () => {
    const event = recordedAuction({ ...BIDS, imps: [{ learnedFloorCpmMicros: 2_500_000 }] });
    const report = await whatIf(changeTo({ 'learnedReserve.estimator': 'off' }), event);
    expect(soldIn(report)).toEqual([2_500_000, 2_000_000, 1, 1]);
    expect(report.limits).not.toHaveProperty('relearned-reserve');
  });

  it('they were learned by another rule, from the log', async () => {
    const bids = [{ priceMicros: 3_000_000 }, { priceMicros: 1_000_000 }];
    const events = Array.from({ length: 60 }, (_, index) =>
      recordedAuction({ bids, auctionId: `${index}` }, { atMs: 1_700_000_000_000 + index * 1000 }),
    );
    const learning = { estimator: 'log-normal', observationsMin: 30, stepIntervalMs: 1000, changeRatioMax: 1 };
    const recorded = config({ learnedReserve: { ...learning, estimator: 'off' } });
    const report = await whatIf(
      changeTo({ learnedReserve: { ...learning, estimator: 'empirical' } }, { recorded }),
      ...events,
    );
    // Of values 3 and 1 a reserve of 3 earns most; after 15 auctions it is known, and climbs there from 1.
    expect(report).toMatchObject({ otherWinners: 0, limits: { 'relearned-reserve': 60 } });
    expect(report.figures.before.meanCpmMicros).toBe(1_000_000);
    expect(report.otherPrices).toBeGreaterThan(35);
    expect(report.figures.after.revenueNanos).toBeGreaterThan(60_000_000 + 35 * 1_900_000);
  });

  it('a DSP had not been asked', async () => {
    const named = await whatIf(changeTo({}, { without: new Set(['dsp-b']) }), EVENT);
    expect(named).toMatchObject({ bidsLeftOut: { 'dsp-b': 1 }, otherPrices: 1 });
    const [recorded, changed] = [config({ dsps: [dsp('dsp-a'), dsp('dsp-b')] }), config({ dsps: [dsp('dsp-b')] })];
    const removed = await whatIf(changeTo({}, { recorded, changed }), EVENT);
    expect(removed).toMatchObject({ bidsLeftOut: { 'dsp-a': 1 }, otherWinners: 1, limits: { 'would-react': 1 } });
  });

  it('DSPs were waited for shorter', async () => {
    const slow = { ...EVENT, dsps: [dspRecord({ latencyMs: 25 }), dspRecord({ dspId: 'dsp-b', latencyMs: 5 })] };
    const report = await whatIf(changeTo({ 'dspDefaults.timeoutMs': 20 }), slow);
    expect(report).toMatchObject({ bidsLate: { 'dsp-a': 1 }, otherWinners: 1 });
    expect(report.byDsp).toMatchObject({ 'dsp-b': { before: { impressions: 0 }, after: { impressions: 1 } } });
  });

  it('answers had to leave sooner', async () => {
    const dsps = [dspRecord({ latencyMs: 60 }), dspRecord({ dspId: 'dsp-b', latencyMs: 5 })];
    const event = { ...EVENT, dsps, timings: { ...EVENT.timings, deadlineAtMs: 95 } };
    const report = await whatIf(changeTo({ 'auction.tmaxMaxMs': 50, 'auction.tmaxDefaultMs': 50 }), event);
    expect(report).toMatchObject({ bidsLate: { 'dsp-a': 1 } });
    expect((await whatIf(changeTo({ 'auction.tmaxMaxMs': 500 }), event)).bidsLate).toEqual({});
  });

  it('priors were others: bids that a model has scored keep their estimates', async () => {
    const byClick = { pricing: 'cpc', priceMicros: 100_000, ctr: 0.01 } as const;
    const event = recordedAuction({
      bids: [{ ...byClick }, { ...byClick, priceMicros: 90_000, ctrSource: 'model', ctrModel: 3 }],
    });
    const report = await whatIf(changeTo({ 'estimation.clickPriors.banner': 0.002 }), event);
    expect(report.byDsp).toMatchObject({
      'dsp-a': { after: { impressions: 0 } },
      'dsp-b': { after: { impressions: 1 } },
    });
  });

  it('there was no model', async () => {
    const byClick = { pricing: 'cpc', priceMicros: 100_000, ctrSource: 'model', ctrModel: 3 } as const;
    const event = recordedAuction({
      bids: [
        { ...byClick, ctr: 0.01 },
        { ...byClick, ctr: 0.02 },
      ],
    });
    const recorded = config({ 'estimation.model.source': 'bundle' });
    const report = await whatIf(changeTo({}, { recorded }), event);
    expect(report.byDsp).toMatchObject({ 'dsp-b': { before: { impressions: 1 } } });
    expect(report.unapplied).toEqual([]);
    const other = await whatIf(changeTo({ 'estimation.model.source': 'bundle' }), event);
    expect(other.unapplied).toEqual(['estimation.model.source']);
  });

  it('a DSP were of better quality', async () => {
    const byClick = { pricing: 'cpc', priceMicros: 100_000 } as const;
    const event = recordedAuction({ bids: [byClick, { ...byClick, priceMicros: 90_000 }] });
    const dsps = (quality: number) => [dsp('dsp-a', { pricing: 'cpc' }), dsp('dsp-b', { pricing: 'cpc', quality })];
    const report = await whatIf(changeTo({ dsps: dsps(2) }, { recorded: config({ dsps: dsps(1) }) }), event);
    expect(report).toMatchObject({ otherWinners: 1, limits: { 'other-agreement': 1 } });
  });

  it('an advertiser of a DSP were blocked', async () => {
    const blocked = dsp('dsp-a', { blockedAdvertisers: ['a.example'] });
    const report = await whatIf(changeTo({ dsps: [blocked] }, { recorded: config({ dsps: [dsp('dsp-a')] }) }), EVENT);
    expect(report.byDsp).toMatchObject({ 'dsp-b': { after: { impressions: 1 } } });
  });

  it('money was converted at other rates', async () => {
    const event = recordedAuction({
      bids: [{ priceMicros: 3_000_000, currency: 'EUR' }, { priceMicros: 2_000_000 }],
      allowedCurrencies: ['USD', 'EUR'],
      conversionRates: { USD: 1, EUR: 1 },
    });
    const report = await whatIf(changeTo({ 'currencies.rates': { EUR: 2 } }), event);
    expect(report.byDsp).toMatchObject({ 'dsp-b': { before: { impressions: 0 }, after: { impressions: 1 } } });
  });
});

describe('limits', () => {
  it('are counted', async () => {
    const house = { dspId: 'house', priceMicros: 4_000_000 } as const;
    const events = [
      { ...EVENT, auctionId: '1', dsps: [dspRecord({ result: 'skipped' }), dspRecord({ result: 'timeout' })] },
      { ...EVENT, auctionId: '2', closing: 'deadline' as const },
      recordedAuction({ ...BIDS, auctionId: '3', mechanism: 'first_price' }),
      recordedAuction({ auctionId: '4', bids: [{ ...house, withheld: 'budget-refused' }, ...BIDS.bids!] }),
      recordedAuction({ auctionId: '5', bids: [{ ...house, priceMicros: 2_500_000 }, { priceMicros: 2_000_000 }] }),
    ];
    const report = await whatIf(
      changeTo({ 'auction.secondPriceMechanism': 'vcg', 'dspDefaults.timeoutMs': 60, 'auction.incrementCpmMicros': 1 }),
      ...events,
    );
    expect(report.limits).toMatchObject({
      'not-called': 1,
      'not-waited-for': 2,
      'longer-wait': 1,
      'kept-auction-type': 1,
      'house-refused': 1,
    });
  });

  it('name what cannot be applied', async () => {
    const recorded = config({ dsps: [dsp('dsp-a')] });
    const changed = {
      'auction.preliminaryAtMs': 10,
      'server.port': 1,
      dsps: [dsp('dsp-a', { gzipRequests: true }), dsp('dsp-new')],
    };
    const report = await whatIf(changeTo(changed, { recorded }), EVENT);
    expect(report.unapplied).toEqual(['auction.preliminaryAtMs', 'dsps[dsp-a].gzipRequests', 'dsps[dsp-new]']);
  });

  it('are said to people', async () => {
    const report = await whatIf(changeTo({ 'auction.preliminaryAtMs': 10 }, { mechanism: 'first_price' }), EVENT);
    const text = formatWhatIf(report, { source: 'here', seconds: 1 });
    expect(text).toContain('1 of 1: bidders were told another auction type');
    expect(text).toContain('Not applied, though it differs: auction.preliminaryAtMs');
  });
});

it('leaves out tests, what was not answered, and what cannot be decided', async () => {
  const events: AuctionEvent[] = [
    { ...EVENT, auctionId: '1', isTest: true },
    { ...EVENT, auctionId: '2', ending: 'cancelled' },
    { ...EVENT, auctionId: '3', input: { ...EVENT.input!, currency: 'XAU', allowedCurrencies: ['XAU'] } },
    { ...EVENT, auctionId: '4', input: { ...EVENT.input!, imps: null as never } },
    { ...EVENT, auctionId: '5' },
  ];
  const report = await whatIf(changeTo({}), ...events);
  expect(report.notCompared).toEqual({ test: 1, cancelled: 1, unpriceable: 1, undecidable: 1 });
  expect(report.figures.auctions).toBe(1);
});
