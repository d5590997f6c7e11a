import { beforeEach, describe, expect, test } from 'vitest';
import type { ClickEstimates, ConversionEstimates } from '../estimation/click-estimates.ts';
import {
  type BiddingTerms,
  clearBids,
  clearWithMarkup,
  type DecisionRules,
  decideAuction,
  gatherBids,
} from './decision.ts';
import {
  bidReply,
  buildDecision,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
  noBidReply,
} from './testing/build-exchange.ts';

test('bids of all replies become candidates, in order, and lead back to the wire', () => {
  const decision = buildDecision(buildRequest(), [
    noBidReply('n'),
    bidReply('a', [{ id: 'x' }, { id: 'y' }]),
    bidReply('b', [{ id: 'z' }]),
  ]);
  expect(decision.input.bids.map(({ index, dspId, bidId }) => [index, dspId, bidId])).toEqual([
    [0, 'a', 'x'],
    [1, 'a', 'y'],
    [2, 'b', 'z'],
  ]);
  expect(decision.collected.map(({ dspId, bid }) => [dspId, bid.id])).toEqual([
    ['a', 'x'],
    ['a', 'y'],
    ['b', 'z'],
  ]);
});

test('all-or-nothing seatbids share a key that no other has', () => {
  const bids = [{ id: 'x' }, { id: 'y' }];
  const decision = buildDecision(buildRequest(), [
    bidReply('a', bids, { group: true }),
    bidReply('b', bids, { group: true }),
    bidReply('c', bids),
  ]);
  const keys = decision.input.bids.map(({ groupKey }) => groupKey);
  expect(keys[0]).toBe(keys[1]);
  expect(keys[2]).toBe(keys[3]);
  expect(keys[0]).not.toBe(keys[2]);
  expect(keys.slice(4)).toEqual([null, null]);
});

test('only the currencies that occur are recorded; one without rate is left out', () => {
  const { input } = buildDecision(buildRequest(), [
    bidReply('a', [{}], { cur: 'EUR' }),
    bidReply('b', [{}], { cur: 'CHF' }),
  ]);
  expect(input.conversionRates).toEqual({ USD: 1, EUR: 2 });
});

test('a DSP bids per mille unless agreed otherwise', () => {
  const bidding = new Map([['a', { pricing: 'cpc' as const, quality: 2 }]]);
  const { input } = buildDecision(buildRequest(), [bidReply('a', [{}]), bidReply('b', [{}])], {
    ...DECISION_RULES,
    bidding,
  });
  expect(input.bids).toMatchObject([
    { pricing: 'cpc', quality: 2 },
    { pricing: 'cpm', quality: 1 },
  ]);
});

test('cleared again without markup, the runner-up wins', () => {
  const nurl = 'https://a.example/win';
  const decision = buildDecision(buildRequest(), [
    bidReply('a', [{ price: 4, adm: '', nurl }]),
    bidReply('b', [{ price: 3 }]),
    bidReply('c', [{ price: 2 }]),
  ]);
  expect(decision.outcome.wins).toMatchObject([{ bidIndex: 0, clearingCpmMicros: 3_000_000 }]);
  const again = clearWithMarkup(decision, new Map([[0, '']]));
  expect(again.outcome.wins).toMatchObject([{ bidIndex: 1, clearingCpmMicros: 2_000_000 }]);
  expect(again.outcome.bids[0]).toMatchObject({ status: 'refused', reason: 'missing-markup' });
  expect(again.collected).toBe(decision.collected);
});

describe('clicks are estimated', () => {
  const bidding = new Map([
    ['clicks', { pricing: 'cpc' as const, quality: 1 }],
    ['late', { pricing: 'cpc' as const, quality: 1 }],
  ]);
  let batches: string[][];
  let rules: DecisionRules;
  beforeEach(() => {
    batches = [];
    const estimates: ClickEstimates = {
      mayAsk: false,
      estimate: (_subject, candidates) => {
        batches.push(candidates.map(({ bidId }) => bidId));
        for (const candidate of candidates) {
          candidate.ctr = candidate.bidId === 'liked' ? 0.02 : 0.01;
          candidate.ctrSource = 'model';
          candidate.ctrModel = 3;
        }
        return [];
      },
    };
    rules = { ...DECISION_RULES, bidding, estimates };
  });

  test('of click-priced bids, all at once; others keep the prior', () => {
    const request = buildRequest();
    const replies = [bidReply('clicks', [{ id: 'x' }, { id: 'liked' }]), bidReply('mille', [{ id: 'm' }])];
    const { input, outcome } = buildDecision(request, replies, rules);
    expect(batches).toEqual([['x', 'liked']]);
    expect(input.bids).toMatchObject([
      { ctr: 0.01, ctrSource: 'model', ctrModel: 3 },
      { ctr: 0.02, ctrSource: 'model', ctrModel: 3 },
      { ctr: 0.001, ctrSource: 'prior', ctrModel: null },
    ]);
    expect(outcome.wins).toMatchObject([{ bidIndex: 1 }]);
  });

  test('and conversions of bids by conversion: a click and a conversion after it', () => {
    const asked: string[][] = [];
    const conversionEstimates: ConversionEstimates = {
      estimate: (_subject, candidates) => {
        asked.push(candidates.map(({ bidId }) => bidId));
        for (const candidate of candidates) Object.assign(candidate, { cvr: 0.5, cvrSource: 'model', cvrModel: 9 });
      },
    };
    const both = new Map<string, BiddingTerms>([...bidding, ['conversions', { pricing: 'cpa', quality: 1 }]]);
    const replies = [
      bidReply('mille', [{ id: 'm' }]),
      bidReply('clicks', [{ id: 'x', price: 2 }]),
      bidReply('conversions', [{ id: 'c', price: 6 }]),
    ];
    const { input, outcome } = buildDecision(buildRequest(), replies, { ...rules, bidding: both, conversionEstimates });
    expect(batches).toEqual([['x', 'c']]);
    expect(asked).toEqual([['c']]);
    expect(input.bids).toMatchObject([
      { ctr: 0.001, ctrSource: 'prior', cvr: 0.01, cvrSource: 'prior' },
      { ctr: 0.01, ctrSource: 'model', cvr: 0.01, cvrSource: 'prior' },
      { ctr: 0.01, ctrSource: 'model', cvr: 0.5, cvrSource: 'model', cvrModel: 9 },
    ]);
    // 6 x 0.01 x 0.5 x 1000 = 30 beats 2 x 0.01 x 1000 = 20, which is 4 a conversion.
    expect(outcome.wins).toMatchObject([{ bidIndex: 2, clearingUnitMicros: 4_000_000, clearingCpmMicros: 20_000_000 }]);
  });

  test('once for each bid, however often the auction is decided', () => {
    const request = buildRequest();
    const terms = buildTerms(request);
    const subject = buildSubject(request);
    const replies = [bidReply('clicks', [{ id: 'x' }])];
    const first = gatherBids(terms, replies, rules, subject, null);
    replies.push(noBidReply('n'), bidReply('late', [{ id: 'liked' }]));
    const second = clearBids(terms, gatherBids(terms, replies, rules, subject, first), rules);
    expect(batches).toEqual([['x'], ['liked']]);
    expect(first.bids).toHaveLength(1);
    expect(second).toEqual(decideAuction(terms, replies, rules, subject));
    clearWithMarkup(second, new Map([[0, '<b>ad</b>']]));
    expect(batches).toHaveLength(3);
  });
});
