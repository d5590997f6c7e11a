/** One request through the whole engine and real HTTP DSPs: prices, answer, what DSPs see, and what goes wrong. */
import { afterEach, describe, expect, it } from 'vitest';
import type { BidRequest } from '../openrtb/types.ts';
import { bidding, noBid, originOf, type Script, sendJson, sendText, silence } from './support/scripted-dsp.ts';
import {
  adRequest,
  bannerImp,
  bidsOf,
  dspRecordOf,
  startTestGavel,
  type TestGavel,
  type TestGavelOptions,
  verdictsOf,
} from './support/test-gavel.ts';

const open: TestGavel[] = [];

async function start(options: TestGavelOptions): Promise<TestGavel> {
  const gavel = await startTestGavel(options);
  open.push(gavel);
  return gavel;
}

/** Also drains the notices, so that what was not called then never will be. */
async function closeAll(): Promise<void> {
  for (const gavel of open.splice(0)) await gavel.close();
}

afterEach(closeAll);

/** 1 USD = 0.9 EUR. */
const EUR_RATE = { 'currencies.rates': { EUR: 0.9 } };

describe('the price', () => {
  it('is the second bid plus the increment, and the highest bid wins', async () => {
    const gavel = await start({
      dsps: { low: bidding({ price: 1.5 }), high: bidding({ price: 3 }), middle: bidding({ price: 2 }) },
    });
    const answer = await gavel.post(adRequest('second-price'));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      id: 'second-price',
      cur: 'USD',
      seatbid: [{ seat: 'high', bid: [{ price: 2.01 }] }],
    });
    expect(bidsOf(answer)).toHaveLength(1);
  });

  it('is never above the bid when the increment would lift it there', async () => {
    const gavel = await start({ dsps: { a: bidding({ price: 2.004 }), b: bidding({ price: 2 }) } });
    expect(bidsOf(await gavel.post(adRequest('r')))).toMatchObject([{ price: 2.004 }]);
  });

  it('is the floor when only one bid reaches it', async () => {
    const gavel = await start({ dsps: { above: bidding({ price: 0.6 }), below: bidding({ price: 0.4 }) } });
    const answer = await gavel.post(adRequest('r', { imp: [bannerImp('1', { bidfloor: 0.5 })] }));
    expect(bidsOf(answer)).toMatchObject([{ price: 0.5 }]);
    const event = await gavel.eventOf('r');
    expect(verdictsOf(event, 'below')).toMatchObject([
      { status: 'refused', lossReason: 100, reserveCpmMicros: 500_000 },
    ]);
  });

  it('compares a bid with a floor in another currency', async () => {
    const gavel = await start({
      dsps: { above: bidding({ price: 1.12 }), below: bidding({ price: 1.1 }) },
      config: EUR_RATE,
    });
    const imp = bannerImp('1', { bidfloor: 1, bidfloorcur: 'EUR' });
    const answer = await gavel.post(adRequest('r', { imp: [imp] }));
    expect(bidsOf(answer)).toMatchObject([{ price: 1.111112 }]);
  });

  it('obeys a configured floor above that of the request', async () => {
    const gavel = await start({
      dsps: { only: bidding({ price: 3 }) },
      config: { floors: [{ publisherId: 'pub-1', floorCpmMicros: 1_250_000 }] },
    });
    const answer = await gavel.post(adRequest('r', { imp: [bannerImp('1', { bidfloor: 0.5 })] }));
    expect(bidsOf(answer)).toMatchObject([{ price: 1.25 }]);
  });

  it('is the own bid in first price, which the DSPs are told', async () => {
    const gavel = await start({ dsps: { high: bidding({ price: 3 }), low: bidding({ price: 2 }) } });
    const answer = await gavel.post(adRequest('r', { at: 1 }));
    expect(bidsOf(answer)).toMatchObject([{ price: 3 }]);
    expect(gavel.dsp('high').asked[0]!.request.at).toBe(1);
  });

  it('charges each imp of a request by itself', async () => {
    const gavel = await start({
      dsps: {
        both: bidding([
          { id: 'x', impid: 'top', price: 4 },
          { id: 'y', impid: 'side', price: 1 },
        ]),
        top: bidding({ impid: 'top', price: 3 }),
        side: bidding({ impid: 'side', price: 2 }),
      },
    });
    const answer = await gavel.post(adRequest('r', { imp: [bannerImp('top'), bannerImp('side')] }));
    const won = bidsOf(answer).map(({ impid, price }) => [impid, price]);
    expect(won).toEqual([
      ['top', 3.01],
      ['side', 1.01],
    ]);
  });

  it('lets an all-or-nothing group win all its imps or none', async () => {
    const pair = [
      { id: 'x', impid: 'top', price: 4 },
      { id: 'y', impid: 'side', price: 1 },
    ];
    const gavel = await start({
      dsps: { group: bidding(pair, { seat: 'roadblock', group: 1 }), side: bidding({ impid: 'side', price: 2 }) },
    });
    const request = adRequest('r', { imp: [bannerImp('top'), bannerImp('side')] });
    const answer = await gavel.post(request);
    expect(answer.body.seatbid).toMatchObject([{ seat: 'roadblock', bid: [{ impid: 'top' }, { impid: 'side' }] }]);
    const paid = bidsOf(answer).reduce((sum, { price }) => sum + price, 0);
    expect(paid).toBeGreaterThanOrEqual(2);
    expect(paid).toBeLessThanOrEqual(5);
  });
});

describe('currencies', () => {
  const twoCurrencies = { cur: ['USD', 'EUR'] };
  const buyers = {
    euro: bidding({ price: 2, adm: '<i>${AUCTION_PRICE} ${AUCTION_CURRENCY}</i>' }, { cur: 'EUR' }),
    dollar: bidding({ price: 2.1 }),
  };

  it('are compared after conversion; the price goes out in the auction currency, its macro in the own', async () => {
    const gavel = await start({ dsps: buyers, config: EUR_RATE });
    const answer = await gavel.post(adRequest('r', twoCurrencies));
    expect(answer.body).toMatchObject({ cur: 'USD', seatbid: [{ seat: 'euro', bid: [{ price: 2.11 }] }] });
    expect(bidsOf(answer)[0]!.adm).toBe('<i>1.899 EUR</i>');
  });

  it('that the request does not name are taken where they can be converted', async () => {
    const gavel = await start({ dsps: buyers, config: EUR_RATE });
    expect((await gavel.post(adRequest('r'))).body).toMatchObject({ cur: 'USD', seatbid: [{ seat: 'euro' }] });
  });

  it.each([
    { parts: {}, reason: 'currency-not-allowed' },
    { parts: twoCurrencies, reason: 'currency-not-convertible' },
  ])('without a rate are refused, never guessed: $reason', async ({ parts, reason }) => {
    const gavel = await start({ dsps: buyers });
    expect((await gavel.post(adRequest('r', parts))).body.seatbid).toMatchObject([{ seat: 'dollar' }]);
    expect(verdictsOf(await gavel.eventOf('r'), 'euro')).toMatchObject([{ status: 'refused', lossReason: 3, reason }]);
  });

  it('of a publisher who takes euros only decide what the answer is in', async () => {
    const gavel = await start({ dsps: { euro: bidding({ price: 2 }, { cur: 'EUR' }) }, config: EUR_RATE });
    const imp = bannerImp('1', { bidfloor: 1, bidfloorcur: 'USD' });
    const answer = await gavel.post(adRequest('r', { cur: ['EUR'], imp: [imp] }));
    expect(answer.body).toMatchObject({ cur: 'EUR', seatbid: [{ bid: [{ price: 0.9 }] }] });
  });

  it('that we have no rate for cannot be sold in', async () => {
    const gavel = await start({ dsps: { any: bidding({ price: 2 }) } });
    const answer = await gavel.post(adRequest('r', { cur: ['CHF'] }));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id: 'r', seatbid: [], nbr: 502 });
    expect(gavel.dsp('any').asked).toHaveLength(0);
  });
});

describe('a floor in a currency without a rate', () => {
  const foreign = bannerImp('foreign', { bidfloor: 1, bidfloorcur: 'CHF' });

  it('is refused by its path', async () => {
    const gavel = await start({ dsps: { any: bidding({ price: 2 }) } });
    const answer = await gavel.post(adRequest('r', { imp: [foreign] }));
    expect(answer).toMatchObject({
      status: 400,
      body: { id: 'r', nbr: 2, ext: { gavel: { error: { path: 'imp[0].bidfloorcur' } } } },
    });
  });

  it('costs its imp and no other', async () => {
    const gavel = await start({ dsps: { any: bidding({ price: 2, impid: 'plain' }) } });
    const answer = await gavel.post(adRequest('r', { imp: [foreign, bannerImp('plain', { bidfloor: 1 })] }));
    expect(bidsOf(answer)).toMatchObject([{ impid: 'plain', price: 1 }]);
    expect(gavel.dsp('any').asked[0]!.request.imp.map(({ id }) => id)).toEqual(['plain']);
  });
});

describe('deals', () => {
  const offering = (deal: object, isPrivate = 0) =>
    adRequest('r', {
      imp: [
        bannerImp('1', {
          bidfloor: 1,
          pmp: { private_auction: isPrivate, deals: [{ id: 'gold', bidfloor: 1.5, ...deal }] },
        }),
      ],
    });
  const buyers = {
    open: bidding({ price: 5 }),
    deal: bidding({ price: 2, dealid: 'gold' }, { seat: 'agency' }),
    stranger: bidding({ price: 9, dealid: 'platinum' }),
  };

  it('beat open bids and pay their own floor; a deal that was not offered is refused', async () => {
    const gavel = await start({ dsps: buyers });
    const answer = await gavel.post(offering({}));
    expect(answer.body.seatbid).toMatchObject([{ seat: 'agency', bid: [{ dealid: 'gold', price: 1.5 }] }]);
    const event = await gavel.eventOf('r');
    expect(verdictsOf(event, 'open')).toMatchObject([{ status: 'lost', lossReason: 103 }]);
    expect(verdictsOf(event, 'stranger')).toMatchObject([{ status: 'refused', lossReason: 4 }]);
  });

  it('win by price alone where the policy says so', async () => {
    const gavel = await start({ dsps: buyers, config: { 'auction.dealOrder': 'price_first' } });
    expect((await gavel.post(offering({}))).body.seatbid).toMatchObject([{ seat: 'open', bid: [{ price: 2.01 }] }]);
  });

  it.each([
    { at: 1, price: 2 },
    { at: 2, price: 1.5 },
    { at: 3, price: 1.5 },
  ])('with at=$at cost $price', async ({ at, price }) => {
    const gavel = await start({ dsps: { deal: buyers.deal } });
    expect(bidsOf(await gavel.post(offering({ at })))).toMatchObject([{ price }]);
  });

  it('are the only way into a private auction, and only for their seats', async () => {
    const gavel = await start({
      dsps: { open: buyers.open, outsider: bidding({ price: 4, dealid: 'gold' }, { seat: 'other' }) },
    });
    const answer = await gavel.post(offering({ wseat: ['agency'] }, 1));
    expect(answer.body.seatbid).toEqual([]);
    const event = await gavel.eventOf('r');
    expect(verdictsOf(event, 'open')[0]!.lossReason).toBe(4);
    expect(verdictsOf(event, 'outsider')[0]!.lossReason).toBe(104);
  });
});

describe('the answer', () => {
  it('names the winner and nothing that the DSP added', async () => {
    const winner = {
      id: 'winning-bid',
      price: 3,
      adm: '<a href="https://dsp.example/c?p=${AUCTION_PRICE}&i=${AUCTION_IMP_ID}&s=${AUCTION_SEAT_ID}">${VENDOR_MACRO}</a>',
      adomain: ['brand.example.com'],
      crid: 'creative-7',
      cid: 'campaign-7',
      cat: ['IAB2'],
      w: 300,
      h: 250,
      nurl: 'http://dsp.example/win',
      burl: 'http://dsp.example/bill',
      ext: { secret: 1 },
      unknown: true,
    };
    const gavel = await start({ dsps: { a: bidding(winner, { seat: 'seat-1' }), b: bidding({ price: 2 }) } });
    const { body } = await gavel.post(adRequest('r', { imp: [bannerImp('left')] }));
    const { auctionId } = await gavel.eventOf('r');
    expect(body).toEqual({
      id: 'r',
      bidid: auctionId,
      cur: 'USD',
      seatbid: [
        {
          seat: 'seat-1',
          bid: [
            {
              id: 'winning-bid',
              impid: 'left',
              price: 2.01,
              adm: '<a href="https://dsp.example/c?p=2.01&i=left&s=seat-1">${VENDOR_MACRO}</a>',
              mtype: 1,
              adomain: ['brand.example.com'],
              crid: 'creative-7',
              cid: 'campaign-7',
              cat: ['IAB2'],
              w: 300,
              h: 250,
            },
          ],
        },
      ],
    });
  });

  it('gives a banner without a size the only one on offer', async () => {
    const gavel = await start({ dsps: { a: bidding({ price: 3, w: undefined, h: undefined }) } });
    expect(bidsOf(await gavel.post(adRequest('r')))).toMatchObject([{ w: 300, h: 250 }]);
  });

  it.each([
    { media: 'video', offer: { mimes: ['video/mp4'] }, adm: '<VAST version="4.0"></VAST>', mtype: 2 },
    { media: 'audio', offer: { mimes: ['audio/mp4'] }, adm: '<VAST version="4.0"></VAST>', mtype: 3 },
    {
      media: 'native',
      offer: { request: '{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":25}}]}' },
      adm: '{"link":{"url":"https://brand.example.com"},"assets":[{"id":1,"title":{"text":"Hello"}}]}',
      mtype: 4,
    },
  ])('says mtype $mtype for $media', async ({ media, offer, adm, mtype }) => {
    const gavel = await start({ dsps: { a: bidding({ price: 3, adm, w: undefined, h: undefined }) } });
    const answer = await gavel.post(adRequest('r', { imp: [{ id: '1', [media]: offer }] }));
    expect(bidsOf(answer)).toMatchObject([{ mtype, adm }]);
  });

  it.each([
    ['a link', '{"assets":[{"id":1,"title":{"text":"Hello"}}]}'],
    ['a required asset', '{"link":{"url":"https://brand.example.com"},"assets":[{"id":2,"title":{"text":"Hello"}}]}'],
  ])('holds no native ad without %s', async (_name, adm) => {
    const gavel = await start({ dsps: { a: bidding({ price: 3, adm, w: undefined, h: undefined }) } });
    const request = '{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":25}}]}';
    const answer = await gavel.post(adRequest('r', { imp: [{ id: '1', native: { request } }] }));
    expect(bidsOf(answer)).toEqual([]);
  });

  it('is gzipped for who takes it', async () => {
    const gavel = await start({ dsps: { a: bidding({ price: 3, adm: `<b>${'ad '.repeat(1000)}</b>` }) } });
    const answer = await gavel.post(adRequest('r'), { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(bidsOf(answer)[0]!.adm).toContain('ad ad');
  });
});

describe('what DSPs are asked', () => {
  const chain = { complete: 1, ver: '1.0', nodes: [{ asi: 'ssp.example.com', sid: 'seller-1', hp: 1 }] };

  it('says what will be executed, until when, and who sells', async () => {
    const gavel = await start({
      dsps: {
        quick: { bid: noBid, config: { timeoutMs: 120 } },
        patient: { bid: noBid, config: { timeoutMs: 3000, headers: { authorization: 'Bearer key-1' } } },
      },
    });
    await gavel.post(adRequest('r', { tmax: 800, source: { schain: chain } }));
    const { auctionId } = await gavel.eventOf('r');
    const [quick] = gavel.dsp('quick').asked;
    const [patient] = gavel.dsp('patient').asked;
    expect(quick!.request).toMatchObject({ id: 'r', at: 2, tmax: 120 });
    expect(patient!.request.tmax).toBeLessThan(800);
    expect(patient!.request.tmax).toBeGreaterThan(300);
    const node = { asi: 'gavel.example', sid: 'pub-1', rid: auctionId, hp: 1 };
    expect(quick!.request.source!.schain).toEqual({ ...chain, nodes: [...chain.nodes, node] });
    expect(quick!.headers).toMatchObject({
      'content-type': 'application/json',
      'x-openrtb-version': '2.6',
      'accept-encoding': 'gzip',
    });
    expect(patient!.headers.authorization).toBe('Bearer key-1');
  });

  it('is the same body for all who are asked alike', async () => {
    const gavel = await start({ dsps: { a: noBid, b: noBid, c: noBid } });
    await gavel.post(adRequest('r'));
    const bodies = ['a', 'b', 'c'].map((id) => gavel.dsp(id).asked[0]!.bytes.toString('utf8'));
    expect(new Set(bodies).size).toBe(1);
  });

  it('is in the places of 2.5 for a DSP of 2.5', async () => {
    const gavel = await start({ dsps: { old: { bid: noBid, config: { version: '2.5' } }, current: noBid } });
    const consent = 'COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA';
    const eids = [{ source: 'id.example.com', uids: [{ id: 'uid-1' }] }];
    await gavel.post(adRequest('r', { regs: { gdpr: 1 }, user: { consent, eids }, source: { schain: chain } }));
    const [old] = gavel.dsp('old').asked;
    const [current] = gavel.dsp('current').asked;
    expect(old!.headers['x-openrtb-version']).toBe('2.5');
    expect(old!.request).toMatchObject({ regs: { ext: { gdpr: 1 } }, user: { ext: { consent, eids } } });
    expect(old!.request.source!.ext!.schain).toMatchObject({
      nodes: [{ asi: 'ssp.example.com' }, { asi: 'gavel.example' }],
    });
    expect(old!.request.regs!.gdpr).toBeUndefined();
    expect(old!.request.source!.schain).toBeUndefined();
    expect(current!.request).toMatchObject({ regs: { gdpr: 1 }, user: { consent, eids } });
  });

  it('holds the block lists of request and DSP, and the quirks of the DSP', async () => {
    const gavel = await start({
      dsps: {
        picky: {
          bid: noBid,
          config: {
            blockedAdvertisers: ['rival.example'],
            blockedCategories: ['IAB7'],
            quirks: ['banner-size-in-w-h'],
          },
        },
        plain: noBid,
      },
    });
    await gavel.post(adRequest('r', { badv: ['bank.example'], bcat: ['IAB25'] }));
    expect(gavel.dsp('picky').asked[0]!.request).toMatchObject({
      badv: ['bank.example', 'rival.example'],
      bcat: ['IAB25', 'IAB7'],
      imp: [{ banner: { w: 300, h: 250 } }],
    });
    expect(gavel.dsp('plain').asked[0]!.request).toMatchObject({ badv: ['bank.example'], bcat: ['IAB25'] });
  });

  it('enforces the blocks of the request on the answers', async () => {
    const gavel = await start({
      dsps: {
        blocked: bidding({ price: 9, adomain: ['https://www.shop.bank.example/x'] }),
        fine: bidding({ price: 1 }),
      },
    });
    expect((await gavel.post(adRequest('r', { badv: ['bank.example'] }))).body.seatbid).toMatchObject([
      { seat: 'fine' },
    ]);
    expect(verdictsOf(await gavel.eventOf('r'), 'blocked')[0]!.lossReason).toBe(205);
  });

  /** A DSP sees `blockedAdvertisers` of its own only, so nobody else can check that it keeps to them. */
  it("enforces a DSP's own blocks on its answers", async () => {
    const config = { blockedAdvertisers: ['rival.example'] };
    const gavel = await start({
      dsps: { picky: { bid: bidding({ price: 9, adomain: ['rival.example'] }), config }, fine: bidding({ price: 1 }) },
    });
    expect((await gavel.post(adRequest('r'))).body.seatbid).toMatchObject([{ seat: 'fine' }]);
    expect(verdictsOf(await gavel.eventOf('r'), 'picky')[0]!.lossReason).toBe(205);
  });

  it('holds only those extensions of the publisher that may be passed on', async () => {
    const gavel = await start({ dsps: { a: noBid }, config: { 'exchange.forwardedExtensions': ['skadn'] } });
    const imp = bannerImp('1', { ext: { skadn: { version: '2.2' }, bidder: { key: 'ours' } } });
    await gavel.post(adRequest('r', { imp: [imp], ext: { internal: 1 } }));
    const [asked] = gavel.dsp('a').asked;
    expect(asked!.request.imp[0]!.ext).toEqual({ skadn: { version: '2.2' } });
    expect(asked!.request.ext).toBeUndefined();
  });

  it('is gzipped where that was agreed', async () => {
    const gavel = await start({ dsps: { zipped: { bid: noBid, config: { gzipRequests: true } } } });
    await gavel.post(adRequest('r'));
    const [asked] = gavel.dsp('zipped').asked;
    expect(asked!.headers['content-encoding']).toBe('gzip');
    expect(asked!.request).toMatchObject({ id: 'r', at: 2 });
  });
});

describe('privacy', () => {
  const personal = {
    user: {
      id: 'user-4711',
      buyeruid: 'buyer-4711',
      yob: 1980,
      eids: [{ source: 'id.example.com', uids: [{ id: 'uid-4711' }] }],
    },
    device: {
      ip: '192.0.2.147',
      ipv6: '2001:db8:1:2:3:4:5:6',
      ifa: 'ifa-4711',
      ua: 'Mozilla/5.0',
      geo: { lat: 52.5163, lon: 13.3777, country: 'DEU', zip: '10117' },
    },
  };
  const secrets = /4711|192\.0\.2\.147|52\.51|13\.37|10117|db8:1:2:3/;

  it.each([
    { why: 'coppa', parts: { regs: { coppa: 1 } } },
    { why: 'gdpr without consent', parts: { regs: { gdpr: 1 } } },
    { why: 'gdpr in its 2.5 place', parts: { regs: { ext: { gdpr: 1 } } } },
    { why: 'an opt-out of sale', parts: { regs: { us_privacy: '1YYN' } } },
    { why: 'lmt', parts: { device: { ...personal.device, lmt: 1 } } },
  ])('$why: no DSP gets what identifies a person', async ({ parts }) => {
    const gavel = await start({ dsps: { a: noBid, old: { bid: noBid, config: { version: '2.5' } } } });
    await gavel.post(adRequest('r', { ...personal, ...parts }));
    for (const id of ['a', 'old']) {
      const text = gavel.dsp(id).asked[0]!.bytes.toString('utf8');
      expect(text).not.toMatch(secrets);
      expect(gavel.dsp(id).asked[0]!.request.device).toMatchObject({
        ip: '192.0.2.0',
        geo: { country: 'DEU' },
        ua: 'Mozilla/5.0',
      });
    }
    expect(JSON.stringify(await gavel.eventOf('r'))).not.toMatch(secrets);
  });

  it('passes on what may be passed on, but keeps it out of the event', async () => {
    const gavel = await start({ dsps: { a: bidding({ price: 1 }) } });
    await gavel.post(adRequest('r', { ...personal, regs: { gdpr: 0, us_privacy: '1YNN' } }));
    expect(gavel.dsp('a').asked[0]!.request).toMatchObject({ user: personal.user, device: personal.device });
    expect(JSON.stringify(await gavel.eventOf('r'))).not.toMatch(secrets);
  });
});

describe('when nothing wins', () => {
  it('answers 200 with an empty seatbid and a reason', async () => {
    const gavel = await start({ dsps: { a: noBid, b: (_request, response) => sendText(response, '{}') } });
    const answer = await gavel.post(adRequest('r'));
    expect(answer).toMatchObject({ status: 200, body: { id: 'r', seatbid: [], nbr: 500 } });
    expect((await gavel.eventOf('r')).ending).toBe('no-bid');
  });

  it('does so without any DSP', async () => {
    const gavel = await start({});
    expect(await gavel.post(adRequest('r'))).toMatchObject({ status: 200, body: { id: 'r', seatbid: [], nbr: 500 } });
  });

  it('does so at once when all DSPs are down', async () => {
    const gavel = await start({
      otherDsps: [
        { id: 'down-1', url: 'http://127.0.0.1:1/bid' },
        { id: 'down-2', url: 'http://127.0.0.1:1/bid' },
      ],
    });
    const answer = await gavel.post(adRequest('r', { tmax: 4000 }));
    expect(answer).toMatchObject({ status: 200, body: { seatbid: [], nbr: 500 } });
    const event = await gavel.eventOf('r');
    expect(dspRecordOf(event, 'down-1')).toMatchObject({ result: 'unreachable', detail: 'ECONNREFUSED' });
    expect(event.timings.answeredAtMs).toBeLessThan(2000);
  });

  it('says that there was no time when there was none', async () => {
    const gavel = await start({ dsps: { a: bidding({ price: 1 }) }, config: { 'dspDefaults.timeoutMsMin': 3000 } });
    expect(await gavel.post(adRequest('r', { tmax: 500 }))).toMatchObject({
      status: 200,
      body: { seatbid: [], nbr: 15 },
    });
    expect(gavel.dsp('a').asked).toHaveLength(0);
  });
});

describe('a DSP that misbehaves', () => {
  it('by hanging is left behind at its timeout, and the rest is sold', async () => {
    const gavel = await start({
      dsps: { hanging: { bid: silence, config: { timeoutMs: 150 } }, prompt: bidding({ price: 1 }) },
    });
    const answer = await gavel.post(adRequest('r', { tmax: 500 }));
    expect(answer.body.seatbid).toMatchObject([{ seat: 'prompt' }]);
    const event = await gavel.eventOf('r');
    expect(dspRecordOf(event, 'hanging')).toMatchObject({ result: 'timeout', detail: 'headers' });
    expect(event.timings.answeredAtMs).toBeGreaterThanOrEqual(149);
    expect(event.timings.answeredAtMs).toBeLessThan(1500);
    await expect.poll(() => gavel.dsp('hanging').asked[0]!.wasAborted).toBe(true);
  });

  it('by trickling its body is cut at the same total deadline', async () => {
    const trickle: Script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(timer));
    };
    const gavel = await start({
      dsps: { trickling: { bid: trickle, config: { timeoutMs: 150 } }, prompt: bidding({ price: 1 }) },
    });
    expect((await gavel.post(adRequest('r'))).body.seatbid).toMatchObject([{ seat: 'prompt' }]);
    expect(dspRecordOf(await gavel.eventOf('r'), 'trickling')).toMatchObject({ result: 'timeout', detail: 'body' });
  });

  it('by answering after the end of the auction changes nothing', async () => {
    const late: Script = (request, response) => {
      setTimeout(() => bidding({ price: 9, nurl: `${originOf(response)}/win` })(request, response), 250);
    };
    const gavel = await start({ dsps: { late, prompt: bidding({ price: 1 }) } });
    const answer = await gavel.post(adRequest('r', { tmax: 150 }));
    expect(answer.body.seatbid).toMatchObject([{ seat: 'prompt' }]);
    await expect.poll(() => gavel.dsp('late').asked[0]!.wasAborted).toBe(true);
    expect(gavel.dsp('late').notices).toEqual([]);
  });

  it('by redirecting is not followed', async () => {
    const redirect: Script = (_request, response) => {
      response.writeHead(302, { location: `${originOf(response)}/elsewhere` }).end();
    };
    const gavel = await start({ dsps: { redirect, prompt: bidding({ price: 1 }) } });
    expect((await gavel.post(adRequest('r'))).body.seatbid).toMatchObject([{ seat: 'prompt' }]);
    expect(dspRecordOf(await gavel.eventOf('r'), 'redirect')).toMatchObject({ result: 'http-error', detail: '302' });
    expect(gavel.dsp('redirect').notices).toEqual([]);
  });
});

describe('a client that disconnects', () => {
  it('cancels its auction: calls are aborted, nobody is charged or told', async () => {
    const winner: Script = (request, response) =>
      bidding({ price: 5, nurl: `${originOf(response)}/win`, lurl: `${originOf(response)}/loss` })(request, response);
    const gavel = await start({ dsps: { hanging: silence, prompt: winner } });
    const client = new AbortController();
    const answer = gavel.post(adRequest('r'), { signal: client.signal });
    await expect.poll(() => gavel.dsp('hanging').asked.length + gavel.dsp('prompt').asked.length).toBe(2);
    client.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => gavel.dsp('hanging').asked[0]!.wasAborted).toBe(true);
    expect(await gavel.eventOf('r')).toMatchObject({
      ending: 'cancelled',
      input: null,
      outcome: null,
      billingNotices: [],
    });
    await closeAll();
    expect(gavel.dsp('prompt').notices).toEqual([]);
  });
});

describe('markup behind the win notice URL', () => {
  const withoutMarkup =
    (price: number): Script =>
    (request, response) =>
      bidding({
        price,
        adm: undefined,
        nurl: `${originOf(response)}/win?p=\${AUCTION_PRICE}`,
        lurl: `${originOf(response)}/loss`,
      })(request, response);

  it('is fetched once and served with its macros resolved', async () => {
    const gavel = await start({
      dsps: {
        nurl: {
          bid: withoutMarkup(3),
          notice: (_url, response) => response.writeHead(200).end('<b>fetched for ${AUCTION_PRICE}</b>'),
        },
        other: bidding({ price: 2 }),
      },
    });
    const answer = await gavel.post(adRequest('r'));
    expect(bidsOf(answer)).toMatchObject([{ adm: '<b>fetched for 2.01</b>', price: 2.01 }]);
    await closeAll();
    expect(gavel.dsp('nurl').notices).toEqual(['/win?p=2.01']);
  });

  it.each([
    { how: 'with an error', notice: 500 },
    { how: 'without content', notice: 204 },
  ])('that answers $how forfeits to the runner-up', async ({ notice }) => {
    const gavel = await start({
      dsps: {
        nurl: { bid: withoutMarkup(3), notice: (_url, response) => response.writeHead(notice).end() },
        other: bidding({ price: 2 }),
        third: bidding({ price: 1 }),
      },
    });
    const answer = await gavel.post(adRequest('r'));
    expect(answer.body.seatbid).toMatchObject([{ seat: 'other', bid: [{ price: 1.01 }] }]);
    const event = await gavel.eventOf('r');
    expect(event.ending).toBe('won');
    expect(verdictsOf(event, 'nurl')).toMatchObject([{ status: 'refused', lossReason: 7 }]);
  });

  it('that hangs forfeits in time for the answer', async () => {
    const gavel = await start({
      dsps: { nurl: { bid: withoutMarkup(3), notice: () => {} }, other: bidding({ price: 2 }) },
    });
    const answer = await gavel.post(adRequest('r', { tmax: 400 }));
    expect(answer.body.seatbid).toMatchObject([{ seat: 'other' }]);
    const { timings } = await gavel.eventOf('r');
    expect(timings.answeredAtMs).toBeLessThan(timings.deadlineAtMs + 100);
  });
});

describe('notices', () => {
  const noticing =
    (price: number, more: object = {}): Script =>
    (request, response) => {
      const origin = originOf(response);
      const macros = 'price=${AUCTION_PRICE}&code=${AUCTION_LOSS}&min=${AUCTION_MIN_TO_WIN}&cur=${AUCTION_CURRENCY}';
      const urls = {
        nurl: `${origin}/win?${macros}`,
        lurl: `${origin}/loss?${macros}`,
        burl: `${origin}/bill?${macros}`,
      };
      bidding({ price, ...urls, ...more })(request, response);
    };

  it('tell the winner its price and losers why, each once, and nobody is billed yet', async () => {
    const gavel = await start({
      dsps: { winner: noticing(3), second: noticing(2), third: noticing(1.5), tooLow: noticing(0.2) },
    });
    await gavel.post(adRequest('r', { imp: [bannerImp('1', { bidfloor: 0.5 })] }));
    const { billingNotices } = await gavel.eventOf('r');
    await closeAll();
    expect(gavel.dsp('winner').notices).toEqual(['/win?price=2.01&code=0&min=2&cur=USD']);
    expect(gavel.dsp('second').notices).toEqual(['/loss?price=&code=102&min=2.01&cur=USD']);
    expect(gavel.dsp('third').notices).toEqual(['/loss?price=&code=102&min=2.01&cur=USD']);
    expect(gavel.dsp('tooLow').notices).toEqual(['/loss?price=&code=100&min=&cur=USD']);
    const burl = `${gavel.dsp('winner').origin}/bill?price=2.01&code=0&min=2&cur=USD`;
    expect(billingNotices).toMatchObject([{ dspId: 'winner', url: burl }]);
  });

  it('reach bids that the reader refused, with the reason', async () => {
    const gavel = await start({ dsps: { odd: noticing(3, { mtype: 9 }), fine: bidding({ price: 1 }) } });
    await gavel.post(adRequest('r'));
    expect(dspRecordOf(await gavel.eventOf('r'), 'odd').dropped).toMatchObject([{ lossReason: 204 }]);
    await closeAll();
    expect(gavel.dsp('odd').notices).toEqual(['/loss?price=&code=204&min=&cur=USD']);
  });

  it('of a test request hold no bill', async () => {
    const gavel = await start({ dsps: { winner: noticing(3) } });
    expect(bidsOf(await gavel.post(adRequest('r', { test: 1 })))).toHaveLength(1);
    expect(gavel.dsp('winner').asked[0]!.request.test).toBe(1);
    expect(await gavel.eventOf('r')).toMatchObject({ isTest: true, ending: 'won', billingNotices: [] });
    await closeAll();
    expect(gavel.dsp('winner').notices.filter((url) => url.startsWith('/bill'))).toEqual([]);
  });

  it('go nowhere but to allowed hosts', async () => {
    const gavel = await start({ dsps: { winner: noticing(3) }, config: { 'notices.allowedHosts': [] } });
    expect(bidsOf(await gavel.post(adRequest('r')))).toHaveLength(1);
    await closeAll();
    expect(gavel.dsp('winner').notices).toEqual([]);
  });
});

describe('several requests', () => {
  it('at the same time, even with the same id, are auctions of their own', async () => {
    const byPublisher: Script = (request: BidRequest, response) =>
      sendJson(response, {
        id: request.id,
        seatbid: [
          { bid: [{ id: 'b', impid: request.imp[0]!.id, price: 1, adm: `<b>${request.site!.domain}</b>`, crid: 'c' }] },
        ],
      });
    const gavel = await start({ dsps: { a: byPublisher, b: byPublisher } });
    const domains = Array.from({ length: 40 }, (_, index) => `site-${index}.example.com`);
    const answers = await Promise.all(domains.map((domain) => gavel.post(adRequest('same', { site: { domain } }))));
    expect(answers.map((answer) => bidsOf(answer)[0]!.adm)).toEqual(domains.map((domain) => `<b>${domain}</b>`));
    const events = await gavel.allEvents(40);
    expect(new Set(events.map(({ auctionId }) => auctionId)).size).toBe(40);
  });
});
