/** The deviation table of responses, one row each. Rules that need the request are the auction's. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { LossReason } from './codes.ts';
import type { Strictness } from './diagnostics.ts';
import { createResponseReader, type DroppedBid, type ResponseReading } from './read-response.ts';

const read = createResponseReader();
const judge = (message: unknown, strictness?: Strictness) =>
  read(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), {
    requestId: 'r1',
    ...(strictness ? { strictness } : {}),
  });

const bid = { id: 'b1', impid: '1', price: 2.5, adm: '<b>ad</b>', adomain: ['shop.example'], crid: 'c1' };
const response = (fields: object) => ({ id: 'r1', seatbid: [{ seat: 's', bid: [bid] }], ...fields });
const bids = (...list: unknown[]) => response({ seatbid: [{ seat: 's', bid: list }] });
const oneBid = (fields: object) => bids({ ...bid, ...fields });

const id513 = 'i'.repeat(513);
const url8193 = `https://d.example/${'u'.repeat(8193 - 18)}`;

const found = (reading: ResponseReading) =>
  reading.diagnostics.map(({ severity, code, path }) => `${severity} ${code} ${path}`);
const at = (path: string) => `seatbid[0].bid[0]${path}`;

function read1(message: unknown, strictness?: Strictness) {
  const reading = judge(message, strictness);
  if (reading.kind !== 'bids') throw new Error(`${reading.kind}: ${found(reading)}`);
  return reading;
}

describe('takes', () => {
  it('a flawless response', () => {
    const reading = read1(response({ bidid: 'x', cur: 'EUR' }));
    expect(reading).toEqual({
      kind: 'bids',
      response: { id: 'r1', bidid: 'x', cur: 'EUR', seatbids: [{ seat: 's', group: false, bids: [bid] }] },
      dropped: [],
      diagnostics: [],
    });
  });

  it.each<[string, object, readonly string[], object]>([
    ['a price in a string', { price: '0.50' }, [`warn string-for-number ${at('.price')}`], { price: 0.5 }],
    [
      'a numeric id',
      { id: 7, adid: 8 },
      [`warn number-for-string ${at('.id')}`, `warn number-for-string ${at('.adid')}`],
      { id: '7', adid: '8' },
    ],
    [
      'a size in strings',
      { w: '300', h: '250' },
      [`warn string-for-number ${at('.w')}`, `warn string-for-number ${at('.h')}`],
      { w: 300, h: 250 },
    ],
    ['a negative size as none', { w: -1 }, [`warn out-of-range ${at('.w')}`], {}],
    [
      'a size of 0 as none',
      { w: 0, h: 0 },
      [`warn out-of-range ${at('.w')}`, `warn out-of-range ${at('.h')}`],
      { w: undefined, h: undefined },
    ],
    ['too long a campaign as none', { cid: id513 }, [`warn text-too-long ${at('.cid')}`], { cid: undefined }],
    ['too long a sample URL as none', { iurl: url8193 }, [`warn text-too-long ${at('.iurl')}`], { iurl: undefined }],
    ['an id of 512 characters', { id: 'i'.repeat(512) }, [], { id: 'i'.repeat(512) }],
    ['an ext in a string as none', { ext: 'x' }, [`warn ext-not-object ${at('.ext')}`], {}],
    ['empty strings as absent', { nurl: '', dealid: '' }, [], {}],
    ['a single advertiser domain', { adomain: 'shop.example' }, [`warn scalar-for-array ${at('.adomain')}`], {}],
    [
      'a URL for a domain',
      { adomain: ['https://www.Shop.example/x'] },
      [`warn advertiser-domain-not-bare ${at('.adomain')}`],
      {},
    ],
    [
      'an international domain in letters, beside another in one text',
      { adomain: ['shop.example,bücher.example'] },
      [`warn joined-domains ${at('.adomain')}`, `warn advertiser-domain-not-bare ${at('.adomain')}`],
      { adomain: ['shop.example', 'xn--bcher-kva.example'] },
    ],
    ['no advertiser domain', { adomain: [] }, [`warn missing-advertiser-domain ${at('.adomain')}`], { adomain: [] }],
    ['no creative id', { crid: null }, [`warn missing-creative-id ${at('.crid')}`], { crid: undefined }],
    ['unknown fields', { auid: 1 }, [], { auid: 1 }],
    ['a free deal', { price: 0, dealid: 'd' }, [], { price: 0, dealid: 'd' }],
    [
      'a win notice in place of markup',
      { adm: undefined, nurl: 'https://d.example' },
      [],
      { adm: undefined, nurl: 'https://d.example' },
    ],
    ['a native object', { adm: { assets: [] } }, [`warn native-object ${at('.adm')}`], { adm: '{"assets":[]}' }],
    [
      'the native wrapper of 1.0',
      { adm: '{"native":{"assets":[]}}' },
      [`warn native-wrapper ${at('.adm')}`],
      { adm: '{"assets":[]}' },
    ],
    [
      'native encoded twice, and wrapped',
      { adm: JSON.stringify('{"native":{"assets":[]}}') },
      [`warn native-double-encoded ${at('.adm')}`, `warn native-wrapper ${at('.adm')}`],
      { adm: '{"assets":[]}' },
    ],
    ['markup that only looks like native', { adm: '{"native":{ broken' }, [], { adm: '{"native":{ broken' }],
    ['a deprecated api', { api: 5 }, [`notice deprecated-field ${at('.api')}`], { api: 5 }],
  ])('%s', (_name, fields, expected, mended) => {
    const reading = read1(oneBid(fields));
    expect(found(reading)).toEqual(expected);
    expect(reading.response.seatbids[0]!.bids).toEqual([{ ...bid, ...mended }]);
  });

  it.each<[string, object, readonly string[], object]>([
    ['no id: the connection tells', { id: undefined }, ['warn response-id-missing id'], {}],
    ['a numeric bidid', { bidid: 5 }, ['warn number-for-string bidid'], { bidid: '5' }],
    ['too long a bidid', { bidid: id513 }, ['warn text-too-long bidid'], { bidid: null }],
    ['a currency in lower case', { cur: 'eur' }, ['warn currency-case cur'], { cur: 'EUR' }],
    ['an empty currency', { cur: '' }, [], { cur: 'USD' }],
  ])('%s', (_name, fields, expected, mended) => {
    const reading = read1(response(fields));
    expect(found(reading)).toEqual(expected);
    expect(reading.response).toMatchObject({ id: 'r1', cur: 'USD', ...mended });
  });

  it('merges seatbids of one seat, but no groups and no nameless ones', () => {
    const seat = (name: string | undefined, id: string, group?: unknown) => ({
      seat: name,
      group,
      bid: [{ ...bid, id }],
    });
    const seatbid = [
      seat('a', '1'),
      seat('a', '2'),
      seat('a', '3', 1),
      seat(undefined, '4'),
      seat(undefined, '5'),
      seat('b', '6', 7),
    ];
    const reading = read1(response({ seatbid }));
    expect(reading.response.seatbids.map(({ seat, group, bids }) => [seat, group, bids.map(({ id }) => id)])).toEqual([
      ['a', false, ['1', '2']],
      ['a', true, ['3']],
      [null, false, ['4']],
      [null, false, ['5']],
      ['b', false, ['6']],
    ]);
    expect(found(reading)).toEqual(['warn unknown-group seatbid[5].group']);
  });
});

describe('drops a bid', () => {
  it.each<[string, unknown, LossReason, string]>([
    ['that is no object', 'x', LossReason.InvalidBidResponse, `not-an-object ${at('')}`],
    ['without id', { ...bid, id: '' }, LossReason.InvalidBidResponse, `missing-bid-id ${at('.id')}`],
    [
      'without impid',
      { ...bid, impid: undefined, mtype: 5 },
      LossReason.InvalidBidResponse,
      `missing-impid ${at('.impid')}`,
    ],
    ['without price', { ...bid, price: null }, LossReason.MissingPrice, `missing-price ${at('.price')}`],
    [
      'with a price that is no decimal',
      { ...bid, price: '1e3' },
      LossReason.MissingPrice,
      `missing-price ${at('.price')}`,
    ],
    ['with price 0', { ...bid, price: 0 }, LossReason.InvalidBidResponse, `price-not-positive ${at('.price')}`],
    [
      'with a negative price',
      { ...bid, price: -1, dealid: 'd' },
      LossReason.InvalidBidResponse,
      `price-not-positive ${at('.price')}`,
    ],
    ['with mtype 5', { ...bid, mtype: 5 }, LossReason.CreativeFilteredFormat, `unknown-mtype ${at('.mtype')}`],
    [
      'with mtype in a string',
      { ...bid, mtype: '1' },
      LossReason.CreativeFilteredFormat,
      `unknown-mtype ${at('.mtype')}`,
    ],
    ['without markup', { ...bid, adm: undefined }, LossReason.MissingMarkup, `missing-markup ${at('.adm')}`],
    ['with markup of blanks', { ...bid, adm: ' \n' }, LossReason.MissingMarkup, `missing-markup ${at('.adm')}`],
    ['with empty markup', { ...bid, adm: '' }, LossReason.MissingMarkup, `missing-markup ${at('.adm')}`],
  ])('%s', (_name, broken, lossReason, finding) => {
    const reading = read1(bids(broken, { ...bid, id: 'b2' }));
    expect(reading.response.seatbids[0]!.bids.map(({ id }) => id)).toEqual(['b2']);
    expect(reading.dropped).toHaveLength(1);
    expect(reading.dropped[0]).toMatchObject({ lossReason });
    expect(found(reading)).toContain(`drop ${finding}`);
  });

  it('with an infinite price', () => {
    const reading = judge(JSON.stringify(oneBid({})).replace('2.5', '1e999'));
    expect(reading).toMatchObject({
      kind: 'no-bid',
      dropped: [{ bidId: 'b1', impId: '1', lossReason: LossReason.InvalidBidResponse }],
    });
  });

  it.each([
    ['id', id513],
    ['impid', id513],
    ['adid', id513],
    ['crid', id513],
    ['dealid', id513],
    ['bundle', id513],
    ['language', id513],
    ['langb', id513],
    ['nurl', url8193],
    ['burl', url8193],
    ['lurl', url8193],
  ])('with too long a value in %s, and hands none of it on', (key, value) => {
    const reading = judge(oneBid({ lurl: 'https://d.example/l', adid: 'a', [key]: value }));
    expect(reading).toMatchObject({ kind: 'no-bid', dropped: [{ lossReason: LossReason.InvalidBidResponse }] });
    expect(found(reading)).toContain(`drop bid-text-too-long ${at(`.${key}`)}`);
    expect(JSON.stringify(reading)).not.toContain(value);
    const { notice } = (reading as { dropped: readonly DroppedBid[] }).dropped[0]!;
    expect(notice === null).toBe(key === 'lurl');
  });

  it('with an id whose digits are lost in a message too long to be parsed again', () => {
    const unsafe = JSON.stringify(oneBid({ adm: 'x'.repeat(65_536) })).replace('"b1"', '12345678901234567890');
    expect(judge(unsafe)).toMatchObject({
      kind: 'no-bid',
      dropped: [{ bidId: null, diagnostic: { code: 'missing-bid-id' } }],
    });
  });

  it('that repeats an id, and keeps the first', () => {
    const reading = read1(bids(bid, { ...bid, price: 9 }));
    expect(reading.response.seatbids[0]!.bids).toEqual([bid]);
    expect(reading.dropped).toMatchObject([{ bidId: 'b1', lossReason: LossReason.InvalidBidResponse }]);
  });

  it('of an all-or-nothing group that lost another', () => {
    const seatbid = [{ seat: 's', group: 1, bid: [bid, { ...bid, id: 'b2', price: 0 }] }];
    const reading = judge(response({ seatbid }));
    expect(reading).toMatchObject({
      kind: 'no-bid',
      dropped: [
        { bidId: 'b2', lossReason: LossReason.InvalidBidResponse },
        { bidId: 'b1', lossReason: LossReason.LostToHigherBid },
      ],
    });
  });

  it('of a seat with too long a name, with its seat', () => {
    const reading = judge(response({ seatbid: [{ seat: id513, bid: [bid] }] }));
    expect(reading).toMatchObject({ kind: 'no-bid', diagnostics: [{ code: 'id-too-long', path: 'seatbid[0].seat' }] });
  });

  it('list that is no array, with its seat only', () => {
    const reading = read1(
      response({
        seatbid: [
          { seat: 'x', bid },
          { seat: 's', bid: [bid] },
        ],
      }),
    );
    expect(reading.response.seatbids.map(({ seat }) => seat)).toEqual(['s']);
    expect(found(reading)).toEqual(['drop bid-not-array seatbid[0].bid']);
  });
});

describe('reads no more than', () => {
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ ...bid, id: `b${from + i}` }));
  const lurl = 'https://d.example/l';

  it('500 bids over all seats; one entry stands for the surplus, without a notice', () => {
    const surplus = many(450, 300).map((one) => ({ ...one, lurl }));
    const seatbid = [
      { seat: 'a', bid: many(300) },
      { seat: 'b', bid: surplus },
      { seat: 'c', bid: many(9, 750) },
    ];
    const reading = read1(response({ seatbid }));
    expect(reading.response.seatbids.map(({ seat, bids }) => [seat, bids.length])).toEqual([
      ['a', 300],
      ['b', 200],
    ]);
    const [entry, ...others] = reading.dropped;
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ bidId: null, lossReason: LossReason.InvalidBidResponse, notice: null });
    expect(entry!.diagnostic).toMatchObject({ code: 'too-many-bids', severity: 'drop', path: 'seatbid[1].bid' });
    expect(entry!.diagnostic.message).toContain('500');
  });

  it('500 bids, all of them', () => {
    const reading = read1(bids(...many(500)));
    expect(reading.response.seatbids[0]!.bids).toHaveLength(500);
    expect(reading.dropped).toEqual([]);
  });

  it('whole groups: one that does not fit is left out, what follows is read', () => {
    const seatbid = [
      { seat: 'a', bid: many(499) },
      { seat: 'b', group: 1, bid: many(2, 600) },
      { seat: 'c', bid: many(1, 700) },
    ];
    const reading = read1(response({ seatbid }));
    expect(reading.response.seatbids.map(({ seat, bids }) => [seat, bids.length])).toEqual([
      ['a', 499],
      ['c', 1],
    ]);
    expect(reading.dropped).toMatchObject([{ diagnostic: { code: 'too-many-bids' } }]);
  });

  it('16 groups', () => {
    const seatbid = [...many(18).map((one) => ({ seat: 's', group: 1, bid: [one] })), { seat: 't', bid: many(1, 99) }];
    const reading = read1(response({ seatbid }));
    expect(reading.response.seatbids.map(({ group }) => group)).toEqual([...Array(16).fill(true), false]);
    expect(reading.dropped).toHaveLength(1);
    expect(reading.dropped[0]).toMatchObject({
      lossReason: LossReason.InvalidBidResponse,
      diagnostic: { code: 'too-many-groups', path: 'seatbid[16].bid' },
    });
  });

  it('the first of thousands of bids that all need mending', () => {
    const seatbid = Array.from({ length: 38 }, () => ({ bid: Array(500).fill({ id: 'b', impid: 1, price: 'x' }) }));
    const reading = judge(response({ seatbid }));
    expect(reading.kind === 'no-bid' && reading.dropped).toHaveLength(501);
    expect(reading.diagnostics).toHaveLength(100);
  });
});

describe('reads as no-bid', () => {
  it.each<[string, unknown, number | null]>([
    ['an empty body', '', null],
    ['white space', ' \n', null],
    ['an empty object', {}, null],
    ['no seatbid', { id: 'r1', nbr: 2 }, 2],
    ['null everywhere', { id: 'r1', seatbid: null, bidid: null, cur: null, nbr: null }, null],
    ['an empty seatbid', { id: 'r1', seatbid: [] }, null],
    ['an empty seat', { id: 'r1', seatbid: [{}] }, null],
    ['an empty bid', { id: 'r1', seatbid: [{ bid: [] }] }, null],
    ['null seats and bids', { id: 'r1', seatbid: [null, { bid: null }, { bid: [null] }] }, null],
    ['nbr in a string', { nbr: '8' }, 8],
    ['a no-bid for another auction', { id: 'other', seatbid: [] }, null],
  ])('%s', (_name, message, nbr) => {
    expect(judge(message)).toMatchObject({ kind: 'no-bid', nbr, dropped: [] });
  });
});

describe('calls invalid', () => {
  it.each<[string, unknown, LossReason, string]>([
    [
      'more domains in one text than in a list',
      oneBid({ adomain: ['a.example,'.repeat(501)] }),
      LossReason.InvalidBidResponse,
      'too-many-items',
    ],
    ['truncated JSON', '{"id":"r1","seatbid":[', LossReason.InvalidBidResponse, 'not-json'],
    ['an HTML page', '<html></html>', LossReason.InvalidBidResponse, 'not-json'],
    ['an array', '[]', LossReason.InvalidBidResponse, 'root-not-object'],
    ['null', 'null', LossReason.InvalidBidResponse, 'root-not-object'],
    [
      'seatbid that is an object',
      response({ seatbid: { bid: [bid] } }),
      LossReason.InvalidBidResponse,
      'seatbid-not-array',
    ],
    ['another id', response({ id: 'r2' }), LossReason.InvalidAuctionId, 'response-id-differs'],
    ['an unreadable currency', response({ cur: ['USD'] }), LossReason.InvalidBidResponse, 'unusable-value'],
    ['nested brackets', '['.repeat(100), LossReason.InvalidBidResponse, 'too-deep'],
  ])('%s', (_name, message, lossReason, code) => {
    expect(judge(message)).toMatchObject({ kind: 'invalid', lossReason, diagnostic: { code, severity: 'reject' } });
  });

  it('names the field to blame, not the last that was mended', () => {
    const reading = judge(response({ bidid: 7, cur: ['USD'], nbr: 'x' }));
    expect(reading).toMatchObject({ kind: 'invalid', diagnostic: { code: 'unusable-value', path: 'cur' } });
  });

  it('a currency of no end', () => {
    expect(judge(response({ cur: id513 }))).toMatchObject({ kind: 'invalid', diagnostic: { path: 'cur' } });
  });

  it('more than 1 MiB', () => {
    const body = Buffer.alloc(1_048_577, ' ');
    expect(read(body, { requestId: 'r1' })).toMatchObject({ kind: 'invalid', diagnostic: { code: 'too-large' } });
  });
});

describe('strictness', () => {
  it('lenient takes another id', () => {
    expect(found(read1(response({ id: 'r2' }), 'lenient'))).toEqual(['warn response-id-differs id']);
  });

  it('strict refuses a missing id and mended values', () => {
    expect(judge(response({ id: null }), 'strict')).toMatchObject({
      kind: 'invalid',
      lossReason: LossReason.InvalidAuctionId,
    });
    expect(judge(oneBid({ w: '300' }), 'strict')).toMatchObject({
      kind: 'invalid',
      lossReason: LossReason.InvalidBidResponse,
    });
  });
});
