import { describe, expect, it, test } from 'vitest';
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import { clearAuction } from '../auction/clear.ts';
import type { PricingModel } from '../auction/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import { trackedTemplate } from '../markup/markup-template.ts';
import { AdTracker } from '../tracking/ad-tracker.ts';
import { canBeTold } from './billable-bids.ts';
import type { MarkupTracker } from './markup-tracker.ts';
import { advance, type Conclusion, openRequest, type RequestEffect, type RequestState } from './request-stages.ts';
import {
  bidReply,
  buildHouseBid,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
} from './testing/build-exchange.ts';

/** Says in the place of a URL what it tells. */
const TRACKER = new AdTracker({
  signer: { sign: ({ code }) => String(code) },
  baseUrl: () => 'https://e.example',
  lifetimeMs: () => 1000,
  playbackPoints: [],
  observer: { onMarkup: () => {} },
});

const VIDEO: Partial<BidRequest> = { imp: [{ id: '1', video: { mimes: ['video/mp4'] } }] };
const PLAIN_TEXT: Partial<Bid> = { id: 'text', price: 9, adm: 'an ad' };
const GOOD: Partial<Bid> = { id: 'good', price: 2 };
const vast = (creative: string): Partial<Bid> => ({
  mtype: 2,
  adm: `<VAST version="4.0"><Ad><InLine><Impression/><Creatives>${creative}</Creatives></InLine></Ad></VAST>`,
});

interface Setting {
  readonly isBilledByEvents?: boolean;
  readonly pricing?: PricingModel;
  readonly request?: BidRequest;
  readonly tracker?: MarkupTracker;
  readonly house?: Parameters<typeof openRequest>[6];
}

function open(dspCount: number, setting: Setting = {}): RequestState {
  const { isBilledByEvents = true, pricing = 'cpm', request = buildRequest(), tracker = TRACKER, house } = setting;
  const bidding = new Map([['a', { pricing, quality: 1 }]]);
  const rules = { ...DECISION_RULES, bidding, isBilledByEvents };
  const selling = { tracker, userKey: null };
  return openRequest(request, buildTerms(request), rules, buildSubject(request), dspCount, null, house, selling);
}

function replied(state: RequestState, ...replies: DspReply[]): readonly RequestEffect[] {
  let effects = advance(state, { kind: 'start' }, 0);
  for (const reply of replies) effects = advance(state, { kind: 'replied', reply }, 10);
  return effects;
}

function conclusionOf(effects: readonly RequestEffect[]): Conclusion {
  expect(effects.at(-1)).toMatchObject({ kind: 'conclude' });
  return (effects.at(-1) as Extract<RequestEffect, { kind: 'conclude' }>).conclusion;
}

const served = ({ answer }: Conclusion) =>
  answer!.seatbid!.flatMap(({ bid }) => bid.map(({ id, price }) => [id, price]));
const reasons = ({ decision }: Conclusion) => decision!.outcome.bids.map(({ reason }) => reason);

describe('a winner whose markup cannot be tracked', () => {
  const rivals = [bidReply('b', [GOOD]), bidReply('c', [{ id: 'other', price: 1 }])];

  it('steps back, and the auction is cleared without it', () => {
    const conclusion = conclusionOf(replied(open(3), bidReply('a', [PLAIN_TEXT]), ...rivals));
    expect(served(conclusion)).toEqual([['good', 1]]);
    expect(reasons(conclusion)).toEqual(['untrackable-markup', 'won', 'outbid']);
    expect(conclusion.decision!.outcome.bids[0]).toMatchObject({ status: 'refused', lossReason: 204 });
  });

  it('is in the event as it was decided over: cleared again it gives the same', () => {
    const { decision } = conclusionOf(replied(open(3), bidReply('a', [PLAIN_TEXT]), ...rivals));
    expect(clearAuction(structuredClone(decision!.input))).toEqual(decision!.outcome);
  });

  it('wins all the same where nobody bills events, left alone', () => {
    const conclusion = conclusionOf(
      replied(open(3, { isBilledByEvents: false }), bidReply('a', [PLAIN_TEXT]), ...rivals),
    );
    expect(conclusion.answer!.seatbid![0]!.bid).toMatchObject([{ id: 'text', adm: 'an ad' }]);
  });

  it('or nothing can be tracked yet', () => {
    const tracker = { ...TRACKER, isReady: false, cut: TRACKER.cut, track: TRACKER.track };
    expect(served(conclusionOf(replied(open(1, { tracker }), bidReply('a', [PLAIN_TEXT]))))).toEqual([['text', 0]]);
  });

  it('leaves alone what is of our own', () => {
    const bid = buildHouseBid('line', { priceMicros: 5_000_000 });
    const house = { isSettled: true, choose: () => [{ ...bid, bid: { ...bid.bid, adm: 'an ad of ours' } }] };
    expect(replied(open(1, { house }), bidReply('a', [GOOD])).at(-1)).toMatchObject({ kind: 'reserve' });
  });

  it('also when its nurl has brought it', () => {
    const state = open(2);
    replied(
      state,
      bidReply('a', [{ id: 'late', price: 9, adm: '', nurl: 'https://a.example/win' }]),
      bidReply('b', [GOOD]),
    );
    const markup = { kind: 'markup', bidIndex: 0, outcome: { kind: 'fetched', markup: 'an ad' } } as const;
    const conclusion = conclusionOf(advance(state, markup, 20));
    expect(served(conclusion)).toEqual([['good', 0]]);
    expect(reasons(conclusion)).toEqual(['untrackable-markup', 'won']);
  });

  it('whose ids no URL can hold, too', () => {
    const crid = 'x'.repeat(2600);
    const conclusion = conclusionOf(replied(open(2), bidReply('a', [{ price: 9, crid }]), bidReply('b', [GOOD])));
    expect(served(conclusion)).toEqual([['good', 0]]);
  });

  it('has its DSP leave altogether when that happens again and again', () => {
    const cuts: string[] = [];
    const tracker: MarkupTracker = {
      isReady: true,
      cut: (_ad, { markup, kind }) => {
        cuts.push(markup);
        return trackedTemplate(markup, kind, { playbackPoints: [], hasEventTrackers: false });
      },
      track: (_ad, { markup, template }) => (template === null ? 'cut again' : markup),
    };
    const bids = Array.from({ length: 50 }, (_, index) => ({
      id: `${index}`,
      price: 100 - index,
      adm: `text ${index}`,
    }));
    const conclusion = conclusionOf(replied(open(2, { tracker }), bidReply('a', bids), bidReply('b', [GOOD])));
    expect(conclusion.answer!.seatbid![0]!.bid).toMatchObject([{ id: 'good', adm: '<b>ad</b>' }]);
    expect(cuts).toEqual(['text 0', 'text 1', 'text 2', '<b>ad</b>']);
    expect(new Set(reasons(conclusion).slice(0, 50))).toEqual(new Set(['untrackable-markup']));
  });
});

describe('a bid by click', () => {
  test.each([
    ['without any place for a click', '<Creative><CompanionAds/></Creative>', ['untrackable-markup']],
    ['with VideoClicks', '<Creative><Linear><VideoClicks></VideoClicks></Linear></Creative>', ['won']],
    ['that can have VideoClicks', '<Creative><Linear><MediaFiles/></Linear></Creative>', ['won']],
    ['that is not linear', '<Creative><NonLinearAds><NonLinear/></NonLinearAds></Creative>', ['won']],
  ])('for a video %s', (_what, creative, expected) => {
    const state = open(1, { pricing: 'cpc', request: buildRequest(VIDEO) });
    expect(reasons(conclusionOf(replied(state, bidReply('a', [vast(creative)]))))).toEqual(expected);
  });

  it('for a banner never wins, nor is its markup asked for', () => {
    const bids = [{ id: 'html' }, { id: 'unserved', adm: '', nurl: 'https://a.example/win' }];
    const conclusion = conclusionOf(replied(open(1, { pricing: 'cpc' }), bidReply('a', bids)));
    expect(reasons(conclusion)).toEqual(['untrackable-pricing', 'untrackable-pricing']);
    expect(conclusion.decision!.outcome.bids[0]).toMatchObject({ status: 'refused', lossReason: 200 });
    expect(
      reasons(conclusionOf(replied(open(1, { pricing: 'cpc', isBilledByEvents: false }), bidReply('a', [{}])))),
    ).toEqual(['won']);
  });
});

test.each([
  ['cpm', 'banner', 'html', true],
  ['cpc', 'native', 'native', true],
  ['cpc', 'video', null, true],
  ['cpc', 'banner', null, false],
  ['cpc', null, null, false],
  ['cpc', null, 'html', false],
  ['cpa', 'video', 'vast', false],
  ['cpa', 'native', 'native', false],
] as const)('%s for %s with markup %s can be told: %s', (pricing, declaredMedia, sniffedMedia, expected) => {
  const bid = { pricing, impId: '1', declaredMedia, sniffedMedia };
  expect(canBeTold(bid, buildTerms(buildRequest()))).toBe(expected);
});
