import { describe, expect, it } from 'vitest';
import { clearAuction } from '../auction/clear.ts';
import type { BookedLineItem } from '../campaign/booked-line-item.ts';
import {
  advertiser,
  booking,
  campaign,
  creative,
  EVERYWHERE,
  including,
  lineItem,
} from '../campaign/testing/build-booking.ts';
import { gatherHouseBids } from './decision.ts';
import { HouseMarket, type LiveTerms } from './house-bids.ts';
import { HouseCatalogue } from './house-catalogue.ts';
import {
  buildExchangeRules,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
} from './testing/build-exchange.ts';

const RULES = {
  currencies: DECISION_RULES.currencies,
  currency: 'USD',
  priors: DECISION_RULES.priors,
  playbackPoints: null,
};
const AT_FULL = sharing(() => 1);

function sharing(share: LiveTerms['share']): LiveTerms {
  return { share, mayEnter: () => true };
}

function bidsOf(items: readonly BookedLineItem[], request = buildRequest(), live = AT_FULL) {
  const market = new HouseMarket(new HouseCatalogue(items, RULES));
  return market.bids({ request, terms: buildTerms(request), nowMs: 1000 }, live);
}

/** Of an advertiser and with an account of its own: accounts are numbered in the order in which they come. */
function rival(number: number, changes: Partial<BookedLineItem['lineItem']> = {}): BookedLineItem {
  return booking({
    advertiser: advertiser({ id: `rival-${number}` }),
    campaign: campaign({ id: `campaign-of-${number}`, advertiserId: `rival-${number}` }),
    lineItem: lineItem({
      id: `line-of-${number}`,
      campaignId: `campaign-of-${number}`,
      bidMicros: number * 1_000_000,
      ...changes,
    }),
  });
}

describe('a house bid', () => {
  it('is a candidate like any other', () => {
    const request = buildRequest();
    const terms = buildTerms(request);
    const market = new HouseMarket(new HouseCatalogue([booking()], RULES));
    const [bid] = market.bids({ request, terms, nowMs: 1000 }, AT_FULL);
    expect(bid!.candidate).toMatchObject({
      dspId: 'house',
      seat: 'acme',
      bidId: 'line-1-1',
      impId: '1',
      pricing: 'cpm',
      priceMicros: 2_000_000,
      currency: 'USD',
      advertiserDomains: ['acme.example'],
      categories: ['IAB1'],
      width: 300,
      height: 250,
      creativeId: 'banner-1',
      declaredMedia: 'banner',
      sniffedMedia: 'html',
      hasMarkup: true,
      hasWinNoticeUrl: false,
    });
    expect(bid).toMatchObject({
      house: { lineItemId: 'line-1', campaignId: 'spring', advertiserId: 'acme', accountId: 'spring' },
      bid: { id: 'line-1-1', impid: '1', price: 2, cid: 'spring', crid: 'banner-1', mtype: 1, w: 300, h: 250 },
      response: { cur: 'USD' },
    });
    expect(bid!.candidate.isGuaranteed).toBe(false);
    const outcome = clearAuction({ ...terms, conversionRates: { USD: 1 }, bids: [{ ...bid!.candidate, index: 0 }] });
    expect(outcome.wins).toMatchObject([{ bidIndex: 0, media: 'banner' }]);
  });

  it('is told apart in the auction, by imp and by line item', () => {
    const banner = { format: [{ w: 300, h: 250 }] };
    const request = buildRequest({ imp: ['1', '2'].map((id) => ({ id, tagid: 'top', banner })) });
    const house = bidsOf([rival(3), rival(5)], request);
    const { bids, collected } = gatherHouseBids(house, DECISION_RULES, buildSubject(request))!;
    expect(bids.map(({ index, bidId }) => [index, bidId])).toEqual([
      [0, 'line-of-5-1'],
      [1, 'line-of-3-1'],
      [2, 'line-of-5-2'],
      [3, 'line-of-3-2'],
    ]);
    expect(collected.map(({ bid }) => bid.id)).toEqual(bids.map(({ bidId }) => bidId));
    const { wins } = clearAuction({ ...buildTerms(request), conversionRates: { USD: 1 }, bids });
    expect(wins.map(({ impId, bidIndex }) => [impId, bidIndex])).toEqual([
      ['1', 0],
      ['2', 2],
    ]);
  });

  it('bids the share that pacing leaves, rounded down; a guaranteed line item all of it', () => {
    const share = sharing(() => 0.3333333);
    expect(bidsOf([booking()], undefined, share)[0]!.candidate.priceMicros).toBe(666_666);
    const sold = booking({ lineItem: lineItem({ goalImpressions: 10 }) });
    const [bid] = bidsOf([sold], undefined, share);
    expect(bid).toMatchObject({
      candidate: { isGuaranteed: true, priceMicros: 2_000_000 },
      house: { accountId: 'spring/line-1' },
    });
  });

  it('stays away when pacing, money or caps say so, and when less than a micro is left', () => {
    expect(bidsOf([booking()], undefined, { share: () => 1, mayEnter: () => false })).toEqual([]);
    expect(
      bidsOf(
        [booking()],
        undefined,
        sharing(() => 0),
      ),
    ).toEqual([]);
    expect(
      bidsOf(
        [booking()],
        undefined,
        sharing(() => 1e-9),
      ),
    ).toEqual([]);
  });

  it.each([
    ['with a NUL', 'a\0b'],
    ['with half of a pair', 'a\ud800'],
    ['longer than a key may be', 'a'.repeat(521)],
  ])('stays away from ids that no ledger keeps: %s', (_name, id) => {
    const imp = { id: '1', tagid: 'top', banner: { format: [{ w: 300, h: 250 }] } };
    const site = { domain: 'news.example', publisher: { id } };
    expect(bidsOf([booking()], buildRequest({ site }))).toEqual([]);
    const request = buildRequest({ imp: [{ ...imp, id }, imp] });
    expect(bidsOf([booking()], request).map(({ candidate }) => candidate.impId)).toEqual(['1']);
  });

  it('keeps its own currency and pricing model', () => {
    const item = booking({ advertiser: advertiser({ currency: 'EUR' }), lineItem: lineItem({ pricing: 'cpc' }) });
    const [bid] = bidsOf([item]);
    expect(bid!.candidate).toMatchObject({ currency: 'EUR', pricing: 'cpc', priceMicros: 2_000_000, ctr: 0.001 });
    expect(bid!.response.cur).toBe('EUR');
  });

  it('stays away when no rate leads from its currency', () => {
    expect(bidsOf([booking({ advertiser: advertiser({ currency: 'XAU' }) })])).toEqual([]);
  });
});

describe('the creative', () => {
  const wide = creative({ id: 'wide', size: { w: 728, h: 90 } });
  const insecure = creative({ id: 'insecure', markup: '<img src="http://cdn.example/1.png">' });
  const secure = creative({ id: 'secure' });

  it('is the first that fits', () => {
    const items = [booking({ creatives: [wide, insecure, secure] })];
    expect(bidsOf(items)[0]!.candidate.creativeId).toBe('insecure');
    const request = buildRequest({ imp: [{ id: '1', secure: 1, banner: { format: [{ w: 300, h: 250 }] } }] });
    expect(bidsOf(items, request)[0]!.candidate.creativeId).toBe('secure');
  });

  it('is of the media and sizes that the line item chose', () => {
    const targeting = { ...EVERYWHERE, sizes: including('728x90') };
    const items = [booking({ creatives: [secure, wide], lineItem: lineItem({ targeting }) })];
    const both = buildRequest({
      imp: [
        {
          id: '1',
          banner: {
            format: [
              { w: 300, h: 250 },
              { w: 728, h: 90 },
            ],
          },
        },
      ],
    });
    expect(bidsOf(items, both)[0]!.candidate.creativeId).toBe('wide');
  });

  it.each([
    ['category', { bcat: ['IAB1'] }],
    ['advertiser', { badv: ['acme.example'] }],
    ['seat', { bseat: ['acme'] }],
    ['language', { wlang: ['de'] }],
  ])('of a blocked %s leaves its place to another advertiser', (_name, blocks) => {
    const other = booking({
      advertiser: advertiser({ id: 'other' }),
      campaign: campaign({ advertiserId: 'other' }),
      lineItem: lineItem({ id: 'other', bidMicros: 1 }),
      creatives: [creative({ domains: ['other.example'], categories: ['IAB2'], language: 'de' })],
    });
    const bids = bidsOf([booking(), other], buildRequest(blocks));
    expect(bids.map(({ candidate }) => candidate.seat)).toEqual(['other']);
  });

  it('does not enter a private auction', () => {
    const request = buildRequest({
      imp: [
        { id: '1', banner: { format: [{ w: 300, h: 250 }] }, pmp: { private_auction: 1, deals: [{ id: 'deal' }] } },
      ],
    });
    expect(bidsOf([booking()], request)).toEqual([]);
  });
});

describe('of many', () => {
  const rivals = Array.from({ length: 50 }, (_, index) => rival(index + 1));
  const numbers = (items: readonly BookedLineItem[], live = AT_FULL) =>
    bidsOf(items, buildRequest(), live).map(({ house }) => house.advertiserId);

  it('those that are worth most enter, one per advertiser: so many as there are positions, and three', () => {
    const second = rival(50, { id: 'second', bidMicros: 49_500_000 });
    expect(numbers([...rivals, second])).toEqual(['rival-50', 'rival-49', 'rival-48', 'rival-47']);
  });

  it('worth is what they bid now, by the prior of their unit, in one currency', () => {
    const live = sharing((account) => (account === rivals.length - 1 ? 0.5 : 1));
    expect(numbers(rivals, live)).toEqual(['rival-49', 'rival-48', 'rival-47', 'rival-46']);
    const perClick = rival(60, { pricing: 'cpc', bidMicros: 48_500_000 });
    expect(numbers([...rivals, perClick])).toEqual(['rival-50', 'rival-49', 'rival-60', 'rival-48']);
    const inEuro = { ...rival(30), advertiser: advertiser({ id: 'euro', currency: 'EUR' }) };
    expect(numbers([...rivals, inEuro])).toEqual(['euro', 'rival-50', 'rival-49', 'rival-48']);
  });

  it('guaranteed line items come first, the most urgent before the others', () => {
    const sold = [rival(1, { goalImpressions: 5 }), rival(2, { goalImpressions: 5 })];
    const live = sharing((account) => (account === rivals.length - 1 ? 0.2 : 0.1));
    expect(numbers([...rivals.slice(2), ...sold], live)).toEqual(['rival-2', 'rival-1', 'rival-50', 'rival-49']);
  });

  it('each imp has its own', () => {
    const imp = { banner: { format: [{ w: 300, h: 250 }] } };
    const request = buildRequest({
      imp: [
        { id: 'a', ...imp },
        { id: 'b', video: { mimes: [] } },
        { id: 'c', ...imp },
      ],
    });
    const bids = bidsOf([booking()], request);
    expect(bids.map(({ candidate: { impId, bidId } }) => [impId, bidId])).toEqual([
      ['a', 'line-1-a'],
      ['c', 'line-1-c'],
    ]);
  });
});

it('follows changes of the catalogue', () => {
  const catalogue = new HouseCatalogue([booking()], RULES);
  const market = new HouseMarket(catalogue);
  const request = buildRequest();
  const prices = () =>
    market
      .bids({ request, terms: buildTerms(request), nowMs: 1000 }, AT_FULL)
      .map(({ candidate }) => candidate.priceMicros);
  catalogue.put(booking({ lineItem: lineItem({ bidMicros: 5 }) }));
  expect(prices()).toEqual([5]);
  catalogue.put(booking({ campaign: campaign({ status: 'paused' }) }));
  expect(prices()).toEqual([]);
  catalogue.put(booking());
  expect(prices()).toEqual([2_000_000]);
});

it('is bound by what the exchange blocks for the house', () => {
  const rules = buildExchangeRules({ dspBlocks: { house: { advertisers: ['acme.example'], categories: [] } } });
  const request = buildRequest();
  const market = new HouseMarket(new HouseCatalogue([booking()], RULES));
  expect(market.bids({ request, terms: buildTerms(request, rules), nowMs: 1 }, AT_FULL)).toEqual([]);
});
