import { expect, test } from 'vitest';
import { MACRO_NAMES } from '../../openrtb/macros.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { macroValues } from './macro-values.ts';
import { bidReply, buildDecision, buildRequest, DECISION_RULES } from './testing/build-exchange.ts';

const REPLIES = [
  bidReply('a', [{ price: 4, adid: 'ad-a' }], { bidid: 'response-a' }),
  bidReply('b', [{ price: 3, id: 'bid-2' }], { cur: 'EUR', seat: null }),
];

function valuesOf(bidIndex: number, request: BidRequest = buildRequest({ cur: ['USD', 'EUR'] })) {
  const decision = buildDecision(request, REPLIES);
  const win = decision.outcome.wins.find((candidate) => candidate.bidIndex === bidIndex) ?? null;
  return macroValues(request, decision, bidIndex, win);
}

test('of a winner, in its own currency', () => {
  // 3 EUR are 6 USD and beat 4 USD, which are 2 EUR.
  expect(valuesOf(1)).toEqual({
    AUCTION_ID: 'request-1',
    AUCTION_BID_ID: null,
    AUCTION_IMP_ID: '1',
    AUCTION_SEAT_ID: null,
    AUCTION_AD_ID: null,
    AUCTION_CURRENCY: 'EUR',
    AUCTION_PRICE: '2',
    AUCTION_MBR: '0.666667',
    AUCTION_LOSS: '0',
    AUCTION_MIN_TO_WIN: '2',
    AUCTION_MULTIPLIER: '1',
    AUCTION_DISCOUNT_PCT: '0',
    AUCTION_DISCOUNT_CPM: '0',
  });
});

test('of a loser: the reason and what would have won, but no price', () => {
  expect(valuesOf(0)).toEqual({
    AUCTION_ID: 'request-1',
    AUCTION_BID_ID: 'response-a',
    AUCTION_IMP_ID: '1',
    AUCTION_SEAT_ID: 'seat-of-a',
    AUCTION_AD_ID: 'ad-a',
    AUCTION_CURRENCY: 'USD',
    AUCTION_PRICE: null,
    AUCTION_MBR: null,
    AUCTION_LOSS: '102',
    AUCTION_MIN_TO_WIN: '4',
    AUCTION_MULTIPLIER: null,
    AUCTION_DISCOUNT_PCT: null,
    AUCTION_DISCOUNT_CPM: null,
  });
});

test('of a refused bid: no minimum to win', () => {
  const request = buildRequest();
  const decision = buildDecision(request, [bidReply('a', [{ impid: 'unknown' }])]);
  expect(macroValues(request, decision, 0, null)).toMatchObject({ AUCTION_LOSS: '3', AUCTION_MIN_TO_WIN: null });
});

test('the multiplier is the quantity of the imp', () => {
  const imp = [{ id: '1', banner: { w: 300, h: 250 }, qty: { multiplier: 12.5 } }];
  expect(valuesOf(1, buildRequest({ cur: ['USD', 'EUR'], imp })).AUCTION_MULTIPLIER).toBe('12.5');
});

test.each(['cpc', 'cpa'] as const)('a %s bid is told the price of what it pays for', (pricing) => {
  const request = buildRequest({ at: 1 });
  const bidding = new Map([['a', { pricing, quality: 1 }]]);
  const decision = buildDecision(request, [bidReply('a', [{ price: 0.5 }])], { ...DECISION_RULES, bidding });
  const values = macroValues(request, decision, 0, decision.outcome.wins[0]!);
  expect(values).toMatchObject({ AUCTION_PRICE: '0.5', AUCTION_MBR: '1' });
});

test('every macro has a value but the display time, which nobody knows yet', () => {
  const named = new Set(Object.keys(valuesOf(1)));
  expect(MACRO_NAMES.filter((name) => !named.has(name))).toEqual(['AUCTION_IMP_TS']);
});
