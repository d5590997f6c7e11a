import { describe, expect, test } from 'vitest';
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import { requestFeatures } from '../traffic/request-features.ts';
import { auctionAnswer, noBidAnswer } from './answer.ts';
import { auctionTerms } from './auction-terms.ts';
import { decideAuction } from './decision.ts';
import {
  bidReply,
  buildDecision,
  buildExchangeRules,
  buildRequest,
  buildSubject,
  buildWireBid,
  DECISION_RULES,
} from './testing/build-exchange.ts';

const NOTHING_FETCHED = new Map<number, string>();

function answerTo(bid: Partial<Bid>, request: BidRequest = buildRequest()): Bid {
  const decision = buildDecision(request, [bidReply('a', [bid])]);
  return auctionAnswer(request, decision, NOTHING_FETCHED).seatbid![0]!.bid[0]!;
}

test('no bid: an empty seatbid and the reason', () => {
  expect(noBidAnswer('r', 500)).toEqual({ id: 'r', seatbid: [], nbr: 500 });
});

test('the winner pays the clearing price, in the currency of the auction', () => {
  const request = buildRequest({ cur: ['EUR'] });
  const terms = auctionTerms('auction-9', request, requestFeatures(request), buildExchangeRules(), () => 0);
  const replies = [bidReply('a', [{ price: 4 }], { cur: 'EUR' }), bidReply('b', [{ price: 2.5 }], { cur: 'EUR' })];
  const answer = auctionAnswer(
    request,
    decideAuction(terms, replies, DECISION_RULES, buildSubject(request)),
    NOTHING_FETCHED,
  );
  expect(answer).toMatchObject({ id: 'request-1', bidid: 'auction-9', cur: 'EUR' });
  expect(answer.seatbid).toMatchObject([{ seat: 'seat-of-a', bid: [{ id: 'bid-1', impid: '1', price: 2.5 }] }]);
});

test('macros get the price and currency of the DSP, not those of the answer', () => {
  const request = buildRequest({ cur: ['USD', 'EUR'], at: 1 });
  const adm = '<b>${AUCTION_PRICE} ${AUCTION_CURRENCY} ${OTHER}</b>';
  const decision = buildDecision(request, [bidReply('a', [{ price: 1, adm }], { cur: 'EUR' })]);
  const answer = auctionAnswer(request, decision, NOTHING_FETCHED);
  expect(answer.cur).toBe('USD');
  expect(answer.seatbid![0]!.bid[0]).toMatchObject({ price: 2, adm: '<b>1 EUR ${OTHER}</b>' });
});

test('says who bought which of several positions', () => {
  const request = buildRequest();
  const single = auctionTerms('auction-9', request, requestFeatures(request), buildExchangeRules(), () => 0);
  const terms = { ...single, imps: [{ ...single.imps[0]!, slotWeights: [1, 0.5] }] };
  const replies = [bidReply('a', [{ price: 2 }]), bidReply('b', [{ price: 4 }])];
  const decision = decideAuction(terms, replies, DECISION_RULES, buildSubject(request));
  const { seatbid } = auctionAnswer(request, decision, NOTHING_FETCHED);
  const bought = seatbid!.map(({ seat, bid }) => [seat, bid[0]!.ext]);
  expect(Object.fromEntries(bought)).toEqual({ 'seat-of-b': { position: 0 }, 'seat-of-a': { position: 1 } });
  expect(answerTo({ price: 2 })).not.toHaveProperty('ext');
});

test('only named fields of the bid go out', () => {
  const known: Partial<Bid> = {
    adomain: ['a.example'],
    adid: 'ad',
    crid: 'c',
    cid: 'campaign',
    cat: ['IAB1'],
    attr: [1],
    w: 300,
    h: 250,
    exp: 60,
    iurl: 'https://a.example/i.png',
  };
  const secret: Partial<Bid> = {
    nurl: 'https://a.example/win',
    burl: 'https://a.example/bill',
    lurl: 'https://a.example/loss',
    tactic: 't',
    ext: { hidden: 1 },
  };
  expect(answerTo({ ...known, ...secret })).toEqual({
    id: 'bid-1',
    impid: '1',
    price: 0,
    adm: '<b>ad</b>',
    mtype: 1,
    ...known,
  });
});

test.each<[string, Partial<BidRequest['imp'][0]>, string, number]>([
  ['banner', { banner: { w: 300, h: 250 } }, '<b>ad</b>', 1],
  ['video', { video: { mimes: ['video/mp4'] } }, '<VAST version="4.0"/>', 2],
  ['audio', { audio: { mimes: ['audio/mp4'] } }, '<VAST version="4.0"/>', 3],
  ['native', { native: { request: '{}' } }, '{"link":{"url":"https://brand.example"},"assets":[]}', 4],
])('mtype says what won, though the bid did not: %s', (_name, media, adm, mtype) => {
  const request = buildRequest({ imp: [{ id: '1', ...media }] });
  const { mtype: _declared, ...bid } = buildWireBid({ adm });
  const decision = buildDecision(request, [bidReply('a', [])]);
  expect(decision.outcome.wins).toEqual([]);
  const reply = bidReply('a', [bid]);
  const undeclared = {
    ...reply,
    response: { ...reply.response!, seatbids: [{ seat: 's', group: false, bids: [bid] }] },
  };
  const answer = auctionAnswer(request, buildDecision(request, [undeclared]), NOTHING_FETCHED);
  expect(answer.seatbid![0]!.bid[0]!.mtype).toBe(mtype);
});

describe('a banner without size', () => {
  const banner = (...format: { w: number; h: number }[]) => buildRequest({ imp: [{ id: '1', banner: { format } }] });

  test('takes the only size on offer', () => {
    expect(answerTo({}, banner({ w: 300, h: 250 }))).toMatchObject({ w: 300, h: 250 });
  });

  test('takes none of several', () => {
    expect(answerTo({}, banner({ w: 300, h: 250 }, { w: 320, h: 50 }))).not.toHaveProperty('w');
  });

  test('keeps its own', () => {
    const request = banner({ w: 300, h: 250 });
    expect(answerTo({ w: 300, h: 250 }, request)).toMatchObject({ w: 300, h: 250 });
  });

  test('keeps a ratio', () => {
    const request = banner({ w: 300, h: 250 });
    expect(answerTo({ wratio: 6, hratio: 5 }, request)).not.toHaveProperty('w');
  });

  test('is no matter of video', () => {
    const imp = { id: '1', banner: { w: 300, h: 250 }, video: { mimes: ['video/mp4'] } };
    const request = buildRequest({ imp: [imp] });
    expect(answerTo({ mtype: 2, adm: '<VAST version="4.0"/>' }, request)).not.toHaveProperty('w');
  });
});

test('wins of one seat are one seatbid; a bid without seat is under its DSP', () => {
  const imp = ['1', '2', '3'].map((id) => ({ id, banner: { w: 300, h: 250 } }));
  const request = buildRequest({ imp });
  const decision = buildDecision(request, [
    bidReply('a', [
      { id: 'x', impid: '1' },
      { id: 'y', impid: '3' },
    ]),
    bidReply('b', [{ id: 'z', impid: '2' }], { seat: null }),
  ]);
  const seats = auctionAnswer(request, decision, NOTHING_FETCHED).seatbid!;
  expect(seats.map(({ seat, bid }) => [seat, bid.map(({ id }) => id)])).toEqual([
    ['seat-of-a', ['x', 'y']],
    ['b', ['z']],
  ]);
});

test('fetched markup is served with its macros resolved', () => {
  const request = buildRequest();
  const decision = buildDecision(request, [bidReply('a', [{ adm: '', nurl: 'https://a.example/win', price: 3 }])]);
  const fetched = new Map([[0, '<i>${AUCTION_IMP_ID}</i>']]);
  expect(auctionAnswer(request, decision, fetched).seatbid![0]!.bid[0]!.adm).toBe('<i>1</i>');
});
