import { expect, test } from 'vitest';
import { clearWithMarkup } from './decision.ts';
import { bidReply, buildDecision, buildRequest, DECISION_RULES, noBidReply } from './testing/build-exchange.ts';

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
