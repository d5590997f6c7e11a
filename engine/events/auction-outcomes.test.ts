import { expect, it } from 'vitest';
import { salesOf } from '../exchange/sales.ts';
import { buildAuctionEvent } from '../exchange/testing/build-auction-event.ts';
import { bidReply, buildDecision, buildRequest, buildSubject } from '../exchange/testing/build-exchange.ts';
import { lossEvents, noticeEvent, winEvents } from './auction-outcomes.ts';
import { encodeEvent, readEvent } from './read-event.ts';

const BURL = 'https://a.example/bill?p=${AUCTION_PRICE}';
const request = buildRequest();
const decision = buildDecision(request, [
  bidReply('a', [{ price: 4, burl: BURL, cid: 'c', crid: 'creative', adomain: ['shoes.example'] }]),
  bidReply('b', [{ price: 3 }]),
  bidReply('c', [{ price: 0.5, impid: 'unknown' }]),
]);
const subject = buildSubject(request);
const sales = salesOf(decision, { request, subject, reservations: [], userKey: 'user' });
const event = buildAuctionEvent({
  auctionId: decision.input.auctionId,
  features: subject.features,
  userKey: 'user',
  input: decision.input,
  outcome: decision.outcome,
});

it('a win says what was sold, to whom, and what is called when it is billed', () => {
  const [win, ...others] = winEvents(event, decision, sales);
  expect(others).toEqual([]);
  expect(win).toMatchObject({
    id: `${event.auctionId}/1/win`,
    userKey: 'user',
    heldUntilMs: null,
    billingNotice: 'https://a.example/bill?p=3',
    clearingCpmMicros: 3_000_000,
    sale: {
      payer: { kind: 'dsp', dspId: 'a' },
      amount: 3_000_000,
      billedBy: 'impression',
      campaignId: 'c',
      creativeId: 'creative',
      advertiserId: 'shoes.example',
    },
  });
  expect(readEvent(encodeEvent(win!))).toEqual(win);
});

it('losses are those that are sampled, each with its reason', () => {
  const losses = lossEvents(event, decision, 1, () => true);
  expect(losses.map(({ dspId, status }) => [dspId, status])).toEqual([
    ['b', 'lost'],
    ['c', 'refused'],
  ]);
  for (const loss of losses) expect(readEvent(encodeEvent(loss))).toEqual(loss);
  expect(new Set(losses.map(({ id }) => id)).size).toBe(2);
  let asked = 0;
  expect(
    lossEvents(event, decision, 0.5, () => asked++ % 2 === 1).map(({ dspId, sampleRate }) => [dspId, sampleRate]),
  ).toEqual([['c', 0.5]]);
});

it('the end of a notice is an event of its ad; that of a loss is none', () => {
  const about = { auctionId: 'auction', impId: '1#1', userKey: null, isTest: false };
  const notice = noticeEvent({ kind: 'bill', dspId: 'a', url: 'u', about }, 'delivered', 5);
  expect(notice).toMatchObject({ id: 'auction/1#1/notice:bill', dspId: 'a', result: 'delivered', atMs: 5 });
  expect(readEvent(encodeEvent(notice!))).toEqual(notice);
  expect(noticeEvent({ kind: 'loss', dspId: 'a', url: 'u', about: null }, 'delivered', 5)).toBeNull();
});
