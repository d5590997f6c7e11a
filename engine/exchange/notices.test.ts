import { describe, expect, test } from 'vitest';
import { LossReason } from '../../openrtb/codes.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { droppedBidNotices, markupUrl, planNotices } from './notices.ts';
import { bidReply, buildDecision, buildRequest, noBidReply } from './testing/build-exchange.ts';

const urls = (dsp: string) => ({
  nurl: `https://${dsp}.example/win?p=\${AUCTION_PRICE}`,
  lurl: `https://${dsp}.example/loss?r=\${AUCTION_LOSS}&m=\${AUCTION_MIN_TO_WIN}&p=\${AUCTION_PRICE}`,
  burl: `https://${dsp}.example/bill?p=\${AUCTION_PRICE}`,
});

const ABOUT = { auctionId: 'auction-1', impId: '1', userKey: 'user', isTest: false };

const REPLIES = [
  bidReply('a', [{ price: 4, ...urls('a') }]),
  bidReply('b', [{ price: 3, ...urls('b') }]),
  bidReply('c', [{ impid: 'unknown', ...urls('c') }]),
];

const planFor = (request: BidRequest, alreadyNotified: number[] = [], replies = REPLIES) =>
  planNotices(request, buildDecision(request, replies), new Set(alreadyNotified), 'user');

describe('a plan', () => {
  test('tells the winner, every loser with its reason and no price, and holds the bill', () => {
    expect(planFor(buildRequest())).toEqual({
      now: [
        { kind: 'win', dspId: 'a', about: ABOUT, url: 'https://a.example/win?p=3' },
        { kind: 'loss', dspId: 'b', about: null, url: 'https://b.example/loss?r=102&m=3&p=' },
        { kind: 'loss', dspId: 'c', about: null, url: 'https://c.example/loss?r=3&m=&p=' },
      ],
      onBilling: [{ bidIndex: 0, dspId: 'a', url: 'https://a.example/bill?p=3' }],
    });
  });

  test('bills nothing for a test request', () => {
    const plan = planFor(buildRequest({ test: 1 }));
    expect(plan.onBilling).toEqual([]);
    expect(plan.now).toHaveLength(3);
  });

  test('tells nobody who was told already, and still bills', () => {
    const plan = planFor(buildRequest(), [0, 1]);
    expect(plan.now.map(({ dspId }) => dspId)).toEqual(['c']);
    expect(plan.onBilling).toHaveLength(1);
  });

  test('is empty for bids without URLs', () => {
    const replies = [bidReply('a', [{ price: 4 }]), bidReply('b', [{ price: 3 }])];
    expect(planFor(buildRequest(), [], replies)).toEqual({ now: [], onBilling: [] });
  });

  test('holds the bill of a winner without nurl', () => {
    const { nurl: _nurl, ...rest } = urls('a');
    expect(planFor(buildRequest(), [], [bidReply('a', [{ price: 4, ...rest }])])).toMatchObject({
      now: [],
      onBilling: [{ dspId: 'a' }],
    });
  });
});

test('the URL that serves markup has the price of the win', () => {
  const request = buildRequest();
  const bids = [{ price: 4, adm: '', ...urls('a') }];
  expect(markupUrl(request, buildDecision(request, [bidReply('a', bids)]), 0)).toBe('https://a.example/win?p=0');
});

test('bids that the reader dropped are told their reason, where they name a lurl', () => {
  const diagnostic: Diagnostic = { path: 'seatbid', code: 'c', severity: 'drop', message: 'm' };
  const flaw = { bidId: 'b', impId: '1', lossReason: LossReason.MissingPrice, diagnostic };
  const lurl =
    'https://a.example/loss?${AUCTION_ID}-${AUCTION_LOSS}-${AUCTION_PRICE}-${AUCTION_SEAT_ID}-${AUCTION_CURRENCY}';
  const notice = { lurl, bidid: null, cur: 'EUR', seat: 's', adId: null };
  const reply = noBidReply('a', {
    dropped: [
      { ...flaw, notice },
      { ...flaw, notice: null },
    ],
  });
  expect(droppedBidNotices(buildRequest(), [noBidReply('n'), reply])).toEqual([
    { kind: 'loss', dspId: 'a', about: null, url: 'https://a.example/loss?request-1-9--s-EUR' },
  ]);
});
