import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BidRequest } from '../../openrtb/types.ts';
import { buildBid, buildInput } from '../auction/testing/build-input.ts';
import type { AuctionInput, BidCandidate } from '../auction/types.ts';
import { type AuctionEvent, decodeAuctionEvent, encodeAuctionEvent } from '../exchange/auction-event.ts';
import { buildRequest, buildSubject } from '../exchange/testing/build-exchange.ts';
import { BatchFiller } from './batch-filler.ts';
import { HORIZON_DEFAULTS } from './cache/horizons.ts';
import { tagOfId } from './cache/invalidations.ts';
import { CachedEstimates } from './cached-estimates.ts';
import { EstimateBatch } from './estimate-batch.ts';
import { estimateContext } from './estimate-context.ts';
import { FallbackEstimator } from './fallback/fallback-estimator.ts';
import { KEY_COLUMNS } from './features/key-columns.ts';
import { emptyRateTables } from './features/rate-tables.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from './features/schema.ts';
import { VectorBuilder } from './features/vector-builder.ts';
import { WarmUpSample } from './warm-up-sample.ts';

const RATES = emptyRateTables();
const PRIOR = 0.003;
const RATE = { banner: PRIOR, video: PRIOR, audio: PRIOR, native: PRIOR };
const NOW_MS = Date.UTC(2026, 10, 21, 12);

const cached = new CachedEstimates(
  {
    columns: KEY_COLUMNS,
    schemaHash: SCHEMA_HASH,
    horizons: HORIZON_DEFAULTS,
    entriesMax: 1000,
    hotPerSecondMin: 100,
    refreshesPerSecondMax: 0,
    random: () => 0,
  },
  new FallbackEstimator(),
  0,
);

const sampleOf = (events: readonly AuctionEvent[], shapesMax = 100): WarmUpSample => {
  const sample = new WarmUpSample({ cached, rates: RATES, priors: { clicks: RATE, conversions: RATE }, shapesMax });
  for (const event of events) sample.add(event, NOW_MS, 5000);
  return sample;
};

const estimated = (parts: Partial<BidCandidate>, index = 0): BidCandidate =>
  buildBid({ pricing: 'cpc', ctr: 0.5, ctrSource: 'model', ...parts }, index);

/** Stored and read again, as after a restart. */
function eventOf(request: BidRequest, bids: readonly BidCandidate[], campaignIds = bids.map(() => '')): AuctionEvent {
  const { features } = buildSubject(request);
  const input: AuctionInput = { ...buildInput({}), bids };
  const event = { input, outcome: null, dsps: [], features, estimateContext: estimateContext(request, campaignIds) };
  return decodeAuctionEvent(JSON.parse(new TextDecoder().decode(encodeAuctionEvent(event as unknown as AuctionEvent))));
}

function keyInAuction(request: BidRequest, bid: BidCandidate): number {
  const batch = new EstimateBatch(FEATURE_COUNT);
  new BatchFiller().fill(batch, { ...buildSubject(request), atMs: NOW_MS }, [{ ...bid }], new VectorBuilder(RATES));
  return cached.coarseKeyAt(batch, 0);
}

const some = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, ...values);
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1',
];

const requests: fc.Arbitrary<BidRequest> = fc
  .record({
    device: fc.record({
      ua: some(...AGENTS),
      sua: some({ browsers: [{ brand: 'Brave' }], platform: { brand: 'Haiku' } }, {}),
      os: some('Tizen', ''),
      language: some('en-GB', 'de'),
      langb: some('fr-CA'),
      devicetype: some(1, 2),
      connectiontype: some(2, 6),
      make: some('Acme'),
      w: some(1920),
      ifa: some('a-person'),
      geo: some({ country: 'USA', city: 'Albany', utcoffset: -300 }, {}),
    }),
    user: some({ id: 'a-person', yob: 1980, gender: 'F' }),
    asi: some('ssp.example'),
    imp: fc.record({
      banner: some({ pos: 3, format: [{ w: 300, h: 250 }] }, {}),
      video: some({ mimes: [], pos: 7, w: 640, h: 480, maxduration: 30 }, { mimes: [] }),
      audio: some({ mimes: [], maxduration: 15 }),
      instl: some(0, 1),
      rwdd: some(0, 1),
      tagid: some('top'),
      bidfloor: some(0.5),
    }),
  })
  .map(({ device, user, asi, imp }) => {
    const source = { schain: { complete: 1, ver: '1.0', nodes: [{ asi, sid: 's' }] } };
    const parts = { device, user, imp: [{ id: '1', ...imp }], source: asi === undefined ? undefined : source };
    return buildRequest(JSON.parse(JSON.stringify(parts)) as Partial<BidRequest>);
  });

const bids: fc.Arbitrary<BidCandidate> = fc
  .record({
    seat: fc.constantFrom(null, 'seat'),
    dealId: fc.constantFrom(null, 'deal'),
    creativeId: fc.constantFrom(null, 'creative'),
    advertiserDomains: fc.constantFrom([], ['shoes.example']),
    categories: fc.constantFrom([], ['IAB1-2']),
    attributes: fc.constantFrom([], [1, 13]),
    language: fc.constantFrom(null, 'en-us'),
    bundle: fc.constantFrom(null, 'com.example'),
    width: fc.constantFrom(null, 300),
    height: fc.constantFrom(null, 250),
    durationSec: fc.constantFrom(null, 10),
    declaredMedia: fc.constantFrom(null, 'video' as const),
    htmlKind: fc.constantFrom(null, 'script' as const),
  })
  .map((parts) => estimated({ impId: '1', ...parts }));

describe('a past auction', () => {
  it('has the coarse key that the next one of its kind will have from somebody without segments', () => {
    fc.assert(
      fc.property(requests, bids, (request, bid) => {
        const [question] = sampleOf([eventOf(request, [bid])]).questions(10);
        expect(question!.coarseKey).toBe(keyInAuction(request, bid));
      }),
    );
  });

  it('is asked about as of nobody, with its campaign and the prior of its medium', () => {
    const request = buildRequest({ user: { id: 'a-person' }, device: { ifa: 'a-device' } });
    const [question] = sampleOf([eventOf(request, [estimated({})], ['campaign'])]).questions(10);
    expect(question).toMatchObject({
      campaignTag: tagOfId('campaign', 'campaign'),
      userTag: tagOfId('user', ''),
      prior: PRIOR,
      bornAtMs: 5000,
    });
    expect(JSON.stringify(eventOf(request, [estimated({})]))).not.toMatch(/a-person|a-device/);
  });

  it('without estimates, or from before they could be asked for again, is passed over', () => {
    const known = eventOf(buildRequest(), [estimated({ ctrSource: 'prior' })]);
    const { estimateContext: _, ...before } = eventOf(buildRequest(), [estimated({})]);
    const undecided = { ...eventOf(buildRequest(), [estimated({})]), input: null };
    expect(sampleOf([known, before, undecided]).questions(10)).toEqual([]);
  });
});

describe('many past auctions', () => {
  const of = (name: string) => eventOf(buildRequest(), [estimated({ advertiserDomains: [`${name}.example`] })]);
  const keyOf = (name: string) => keyInAuction(buildRequest(), estimated({ advertiserDomains: [`${name}.example`] }));
  const keys = (sample: WarmUpSample, countMax: number) => sample.questions(countMax).map(({ coarseKey }) => coarseKey);

  it('are asked about once for all alike, the most frequent first', () => {
    const sample = sampleOf(['a', 'b', 'c', 'b', 'c', 'b'].map(of));
    expect(keys(sample, 10)).toEqual(['b', 'c', 'a'].map(keyOf));
    expect(keys(sample, 2)).toEqual(['b', 'c'].map(keyOf));
  });

  it('are of no more kinds than there is room for', () => {
    expect(keys(sampleOf(['a', 'b', 'c', 'c', 'b'].map(of), 2), 10)).toEqual(['b', 'a'].map(keyOf));
  });
});
