import { describe, expect, test } from 'vitest';
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import { compileFloorRules } from '../auction/floors.ts';
import { buildInput } from '../auction/testing/build-input.ts';
import { requestFeatures } from '../traffic/request-features.ts';
import { auctionTerms, type ExchangeRules, mechanismFor, UnpriceableRequest } from './auction-terms.ts';
import { buildExchangeRules, buildRequest, buildTerms } from './testing/build-exchange.ts';

const withImp = (parts: Partial<Imp>, request: Partial<BidRequest> = {}): BidRequest =>
  buildRequest({ imp: [{ id: '1', tagid: 'top', banner: { w: 300, h: 250 }, ...parts }], ...request });

const impTerms = (parts: Partial<Imp>, request: Partial<BidRequest> = {}, rules?: ExchangeRules) =>
  buildTerms(withImp(parts, request), rules).imps[0]!;

describe('currency', () => {
  test.each([
    ['absent cur means USD only', undefined, 'USD', ['USD']],
    ['an empty cur is an absent one', [], 'USD', ['USD']],
    ['our own is taken when accepted', ['EUR', 'USD'], 'USD', ['EUR', 'USD']],
    ['else the first that can be converted', ['XXX', 'JPY', 'EUR'], 'JPY', ['XXX', 'JPY', 'EUR']],
  ])('%s', (_name, cur, currency, allowedCurrencies) => {
    expect(buildTerms(buildRequest(cur && { cur }))).toMatchObject({ currency, allowedCurrencies });
  });

  test('an exchange in euros runs a request without cur in dollars', () => {
    expect(buildTerms(buildRequest(), buildExchangeRules({ currency: 'EUR' })).currency).toBe('USD');
  });

  test('no accepted currency that can be converted: unpriceable, at cur', () => {
    const terms = () => buildTerms(buildRequest({ cur: ['XXX', 'constructor'] }));
    expect(terms).toThrow(UnpriceableRequest);
    expect(terms).toThrow(expect.objectContaining({ path: 'cur' }));
  });
});

describe('floors', () => {
  test.each<[string, Partial<Imp>, number]>([
    ['none', {}, 0],
    ['in dollars when no currency is named', { bidfloor: 0.3 }, 300_000],
    ['from euros into dollars', { bidfloor: 1.5, bidfloorcur: 'EUR' }, 3_000_000],
    ['up to the next micro', { bidfloor: 0.000_001_4 }, 2],
    ['float noise is no micro', { bidfloor: 0.29 }, 290_000],
    ['zero needs no conversion', { bidfloor: 0, bidfloorcur: 'CHF' }, 0],
  ])('of the imp: %s', (_name, imp, requestFloorCpmMicros) => {
    expect(impTerms(imp).requestFloorCpmMicros).toBe(requestFloorCpmMicros);
  });

  test('a deal does not inherit the currency of the imp', () => {
    const pmp = {
      deals: [
        { id: 'a', bidfloor: 2 },
        { id: 'b', bidfloor: 2, bidfloorcur: 'EUR' },
      ],
    };
    const { deals } = impTerms({ bidfloor: 1, bidfloorcur: 'EUR', pmp });
    expect(deals.map((deal) => deal.floorCpmMicros)).toEqual([2_000_000, 4_000_000]);
  });

  const mimes = ['video/mp4'];
  test.each<[string, Partial<Imp>, string]>([
    ['of the imp', { bidfloor: 1, bidfloorcur: 'CHF' }, 'imp[1].bidfloorcur'],
    [
      'of a deal',
      { pmp: { deals: [{ id: 'a' }, { id: 'b', bidfloor: 1, bidfloorcur: 'CHF' }] } },
      'imp[1].pmp.deals[1].bidfloorcur',
    ],
    [
      'by duration',
      { bidfloorcur: 'CHF', video: { mimes, durfloors: [{ mindur: 1, bidfloor: 1 }] } },
      'imp[1].bidfloorcur',
    ],
    ['per second', { bidfloorcur: 'CHF', video: { mimes, mincpmpersec: 1 } }, 'imp[1].bidfloorcur'],
  ])('%s in a currency without rate make the request unpriceable, there', (_name, imp, path) => {
    const request = buildRequest({
      imp: [
        { id: '1', banner: {} },
        { id: '2', ...imp },
      ],
    });
    expect(() => buildTerms(request)).toThrow(UnpriceableRequest);
    expect(() => buildTerms(request)).toThrow(expect.objectContaining({ path }));
  });

  test('of a rule: the highest of the media types on offer, by publisher, placement, country and first size', () => {
    const anywhere = { publisherId: null, placementId: null, country: null, size: null, mediaType: null };
    const floors = compileFloorRules([
      { ...anywhere, publisherId: 'pub-1', country: 'DEU', size: { w: 300, h: 250 }, floorCpmMicros: 700 },
      { ...anywhere, placementId: 'top', mediaType: 'video', floorCpmMicros: 900 },
      { ...anywhere, placementId: 'low', floorCpmMicros: 5000 },
    ]);
    const rules = buildExchangeRules({ floors });
    const german = { device: { geo: { country: 'DEU' } } };
    const video = { mimes: ['video/mp4'] };
    expect(impTerms({}, german, rules).ruleFloorCpmMicros).toBe(700);
    expect(impTerms({ video }, german, rules).ruleFloorCpmMicros).toBe(900);
    expect(impTerms({ banner: { w: 1, h: 1 } }, german, rules).ruleFloorCpmMicros).toBe(0);
    expect(impTerms({ tagid: 'low' }, {}, rules).ruleFloorCpmMicros).toBe(5000);
  });

  test('rule, learned reserve and policy are converted into the currency of the auction', () => {
    const floors = compileFloorRules([
      { publisherId: null, placementId: null, country: null, size: null, mediaType: null, floorCpmMicros: 3 },
    ]);
    const policy = {
      ...buildInput({}).policy,
      incrementCpmMicros: 10,
      incrementClickMicros: 20,
      incrementConversionMicros: 40,
      maximumCpmMicros: 30,
    };
    const request = buildRequest({ cur: ['JPY'] });
    const rules = buildExchangeRules({ floors, policy });
    const learned = (reserveKey: string) => (reserveKey === 'pub-1\u001ftop' ? 7 : 0);
    const terms = auctionTerms('auction-1', request, requestFeatures(request), rules, learned);
    expect(terms.imps[0]).toMatchObject({ ruleFloorCpmMicros: 300, learnedFloorCpmMicros: 700 });
    expect(terms.policy).toEqual({
      ...policy,
      incrementCpmMicros: 1000,
      incrementClickMicros: 2000,
      incrementConversionMicros: 4000,
      maximumCpmMicros: 3000,
    });
  });

  test('by duration and per second, in the currency of the imp or the deal', () => {
    const durfloors = [{ mindur: 1, maxdur: 15, bidfloor: 1 }, { mindur: 16, bidfloor: 2 }, { maxdur: 5 }];
    const { video, deals } = impTerms({
      bidfloorcur: 'EUR',
      video: { mimes: ['video/mp4'], durfloors, mincpmpersec: 0.25 },
      pmp: { deals: [{ id: 'a', durfloors, mincpmpersec: 0.25 }] },
    });
    expect(video).toMatchObject({
      durationFloors: [
        { minSec: 1, maxSec: 15, floorCpmMicros: 2_000_000 },
        { minSec: 16, maxSec: null, floorCpmMicros: 4_000_000 },
        { minSec: null, maxSec: 5, floorCpmMicros: 0 },
      ],
      minCpmPerSecMicros: 500_000,
    });
    expect(deals[0]).toMatchObject({ minCpmPerSecMicros: 250_000 });
    expect(deals[0]!.durationFloors[1]!.floorCpmMicros).toBe(2_000_000);
  });
});

describe('mechanism', () => {
  const placements = new Map([
    ['first', { mechanism: 'first_price' as const, slotWeights: [1] }],
    ['vcg', { mechanism: 'vcg' as const, slotWeights: [1] }],
    ['plain', { mechanism: null, slotWeights: [1] }],
  ]);
  const imps = (...tagids: string[]) => tagids.map((tagid, index) => ({ id: String(index), tagid, banner: {} }));

  test.each([
    ['at 1 is first price, whatever a placement says', 1, ['vcg'], 'first_price'],
    ['at 2 is what the exchange charges', 2, ['unknown'], 'gsp'],
    ['absent at is 2', undefined, ['plain'], 'gsp'],
    ['a placement overrides', 2, ['vcg'], 'vcg'],
    ['one override counts for the whole request', 2, ['vcg', 'plain'], 'vcg'],
    ['first price wins a disagreement, first named', 2, ['first', 'vcg'], 'first_price'],
    ['first price wins a disagreement, last named', 2, ['vcg', 'first'], 'first_price'],
  ])('%s', (_name, at, tagids, mechanism) => {
    const request = buildRequest({ imp: imps(...tagids), ...(at !== undefined && { at }) });
    expect(mechanismFor(request, buildExchangeRules({ placements }))).toBe(mechanism);
    expect(buildTerms(request, buildExchangeRules({ placements })).mechanism).toBe(mechanism);
  });

  test('an imp without tagid has no placement', () => {
    const request = buildRequest({ imp: [{ id: '1', banner: {} }] });
    const rules = buildExchangeRules({ placements: new Map([['', { mechanism: 'vcg', slotWeights: [1, 0.5] }]]) });
    expect(buildTerms(request, rules)).toMatchObject({
      mechanism: 'gsp',
      imps: [{ placementId: '', slotWeights: [1] }],
    });
  });
});

test('slot weights come from the placement, one slot elsewhere', () => {
  const placements = new Map([['top', { mechanism: null, slotWeights: [1, 0.5] }]]);
  const rules = buildExchangeRules({ placements });
  expect(impTerms({}, {}, rules).slotWeights).toEqual([1, 0.5]);
  expect(impTerms({ tagid: 'other' }, {}, rules).slotWeights).toEqual([1]);
});

describe('interstitial screen', () => {
  const device = { w: 400, h: 800 };
  test.each<[string, Partial<Imp>, Partial<BidRequest>, unknown]>([
    ['none without instl', {}, { device }, null],
    ['none with instl 0', { instl: 0 }, { device }, null],
    ['of the device', { instl: 1 }, { device }, { w: 400, h: 800 }],
    ['of the first size when the device does not tell', { instl: 1 }, { device: { w: 400 } }, { w: 300, h: 250 }],
    ['unknown', { instl: 1, banner: {} }, {}, null],
  ])('%s', (_name, imp, request, screen) => {
    expect(impTerms(imp, request).interstitialScreen).toEqual(screen);
  });
});

describe('banner', () => {
  test('sizes of all formats, and w and h once', () => {
    const format = [{ w: 300, h: 250 }, { w: 320, h: 50 }, { w: 1 }];
    expect(impTerms({ banner: { format, w: 320, h: 50 } }).banner!.sizes).toEqual([
      { w: 300, h: 250 },
      { w: 320, h: 50 },
    ]);
    expect(impTerms({ banner: { format, w: 728, h: 90 } }).banner!.sizes).toHaveLength(3);
  });

  test('ratios, with any width from 0 when wmin is absent', () => {
    const format = [{ wratio: 16, hratio: 9 }, { wratio: 4, hratio: 3, wmin: 320 }, { wratio: 1 }];
    expect(impTerms({ banner: { format } }).banner).toMatchObject({
      sizes: [],
      ratios: [
        { wratio: 16, hratio: 9, wmin: 0 },
        { wratio: 4, hratio: 3, wmin: 320 },
      ],
    });
  });

  test('blocked attributes and types', () => {
    expect(impTerms({ banner: { battr: [1], btype: [3] } }).banner).toMatchObject({
      blockedAttributes: [1],
      blockedTypes: [3],
    });
  });
});

test('what is not offered is null', () => {
  expect(impTerms({})).toMatchObject({ video: null, audio: null, native: null });
  const request = '{"assets":[{"id":1,"required":1,"title":{"len":25}},{"id":2,"img":{}}]}';
  const { banner, native } = impTerms({ banner: undefined, native: { request, battr: [4] } } as Partial<Imp>);
  expect({ banner, native }).toEqual({ banner: null, native: { blockedAttributes: [4], requiredAssets: ['1 title'] } });
});

test('timed media', () => {
  const mimes = ['video/mp4'];
  const audio = { mimes: ['audio/mp4'], rqddurs: [15, 30] };
  const imp = impTerms({ video: { mimes, minduration: 5, maxduration: 30, protocols: [2], battr: [9] }, audio });
  expect(imp.video).toEqual({
    minDurationSec: 5,
    maxDurationSec: 30,
    requiredDurationsSec: [],
    protocols: [2],
    blockedAttributes: [9],
    durationFloors: [],
    minCpmPerSecMicros: null,
  });
  expect(imp.audio).toMatchObject({ minDurationSec: null, requiredDurationsSec: [15, 30] });
});

test('deals and private auctions', () => {
  const deal = { id: 'd', wseat: ['s'], wadomain: ['a.example'], guar: 1 };
  const deals = [1, 2, 3, 500].map((at) => ({ ...deal, at }));
  const imp = impTerms({ pmp: { private_auction: 1, deals: [...deals, { id: 'plain' }] } });
  expect(imp.privateAuction).toBe(true);
  expect(imp.deals.map(({ auctionType }) => auctionType)).toEqual([1, 2, 3, null, null]);
  expect(imp.deals[0]).toMatchObject({ seats: ['s'], advertiserDomains: ['a.example'], guaranteed: true });
  expect(imp.deals[4]).toMatchObject({ seats: [], advertiserDomains: [], guaranteed: false, floorCpmMicros: 0 });
});

test('restrictions of the request', () => {
  const dspBlocks = { a: { advertisers: ['x.example'], categories: [] } };
  const request = buildRequest({
    wseat: ['w'],
    bseat: ['b'],
    bcat: ['IAB1'],
    acat: ['IAB2'],
    cattax: 6,
    badv: ['v.example'],
    bapp: ['app'],
    wlang: ['en'],
  });
  expect(buildTerms(request, buildExchangeRules({ dspBlocks }))).toMatchObject({
    auctionId: 'auction-1',
    allowedSeats: ['w'],
    blockedSeats: ['b'],
    blockedCategories: ['IAB1'],
    allowedCategories: ['IAB2'],
    categoryTaxonomy: 6,
    blockedAdvertisers: ['v.example'],
    blockedBundles: ['app'],
    allowedLanguages: ['en'],
    dspBlocks,
  });
  expect(buildTerms({ ...request, wlangb: ['en-GB'] }).allowedLanguages).toEqual(['en-GB']);
  expect(buildTerms(buildRequest())).toMatchObject({ categoryTaxonomy: 1, allowedSeats: [], allowedLanguages: [] });
});

test('secure and expected delay', () => {
  expect(impTerms({ secure: 1, exp: 60 })).toMatchObject({ secure: true, expectedDelaySec: 60 });
  expect(impTerms({ secure: 0 })).toMatchObject({ secure: false, expectedDelaySec: null });
});
