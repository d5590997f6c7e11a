/** The deviation table of requests, one row each: what is broken, what becomes of it, and where it is reported. */
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Strictness } from './diagnostics.ts';
import { createRequestReader, type RequestReading } from './read-request.ts';

const read = createRequestReader();
const bytes = (message: unknown) => Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));

const banner = { w: 300, h: 250 };
const video = { mimes: ['video/mp4'], minduration: 5, maxduration: 30 };
const base = { id: 'r1', site: { id: 's1' }, imp: [{ id: '1', banner }] };
/** A request with other fields, and one with another only imp. */
const request = (fields: object) => ({ ...base, ...fields });
const imp = (fields: object) => request({ imp: [{ id: '1', banner, ...fields }] });
const media = (fields: object) => request({ imp: [{ id: '1', ...fields }] });
/** The imp under test beside one that keeps the request alive. */
const withSecond = (fields: object) =>
  request({
    imp: [
      { id: '1', ...fields },
      { id: '2', banner },
    ],
  });
const native = (request: unknown) => withSecond({ native: { request } });
const assets = [{ id: 1, title: { len: 50 } }];

const id512 = 'i'.repeat(512);
const id513 = 'i'.repeat(513);

type Found = readonly string[];
const found = (reading: RequestReading): Found =>
  reading.diagnostics.map(({ severity, code, path }) => `${severity} ${code} ${path}`);

function ok(message: unknown, strictness: Strictness = 'default') {
  const reading = read(bytes(message), { strictness });
  if (reading.kind !== 'ok') throw new Error(`rejected: ${JSON.stringify(reading.diagnostic)}`);
  return reading;
}

function rejected(message: unknown, strictness: Strictness = 'default') {
  const reading = read(bytes(message), { strictness });
  if (reading.kind !== 'rejected') throw new Error('not rejected');
  return reading;
}

describe('accepts', () => {
  it.each<[string, unknown, object]>([
    ['a flawless request as it is', base, base],
    ['unknown fields, without passing them on', request({ foo: 1, site: { id: 's1', bar: {} } }), base],
    ['objects in ext of any content', imp({ ext: { a: [1, { b: null }] } }), imp({ ext: { a: [1, { b: null }] } })],
    [
      'null as absent',
      request({ app: null, cur: null, user: { id: null }, imp: [null, base.imp[0]] }),
      request({ user: {} }),
    ],
    ['an empty string as absent', imp({ tagid: '', pmp: '' }), base],
    ['empty lists', request({ bcat: [] }), request({ bcat: [] })],
    ['an empty list of languages as none', request({ wlang: ['en'], wlangb: [] }), request({ wlang: ['en'] })],
    ['two empty lists of languages as none', request({ wlang: [], wlangb: [] }), base],
    [
      'an empty list of seats beside another',
      request({ wseat: [], bseat: ['s'] }),
      request({ wseat: [], bseat: ['s'] }),
    ],
    [
      'a deal of every type with its price',
      imp({ pmp: { deals: [1, 2, 3].map((at) => ({ id: `${at}`, at, bidfloor: 1 })) } }),
      imp({ pmp: { deals: [1, 2, 3].map((at) => ({ id: `${at}`, at, bidfloor: 1 })) } }),
    ],
    ['ids of 512 characters', imp({ id: id512, tagid: id512 }), imp({ id: id512, tagid: id512 })],
    [
      'unknown enumeration values',
      media({ video: { ...video, protocols: [99], plcmt: 501 } }),
      media({ video: { ...video, protocols: [99], plcmt: 501 } }),
    ],
    ['a byte order mark', `\ufeff${JSON.stringify(base)}`, base],
    ['the last of duplicate keys', JSON.stringify(base).replace('{"id":"r1"', '{"id":"r0","id":"r1"'), base],
    [
      'a ratio instead of a size',
      media({ banner: { format: [{ wratio: 16, hratio: 9, wmin: 320 }] } }),
      media({ banner: { format: [{ wratio: 16, hratio: 9, wmin: 320 }] } }),
    ],
    ['sizes of older releases beside a size', media({ banner: { ...banner, wmax: 320, hmin: 10 } }), media({ banner })],
    [
      'native 1.2',
      media({ native: { request: JSON.stringify({ assets }) } }),
      media({ native: { request: JSON.stringify({ assets }) } }),
    ],
  ])('%s', (_name, message, expected) => {
    const reading = ok(message);
    expect(found(reading)).toEqual([]);
    expect(reading.request).toEqual(expected);
  });
});

describe('mends', () => {
  it.each<[string, unknown, Found, object]>([
    ['a number in a string', imp({ secure: '1' }), ['warn string-for-number imp[0].secure'], imp({ secure: 1 })],
    [
      'a floor in a string',
      imp({ bidfloor: '0.50' }),
      ['warn string-for-number imp[0].bidfloor'],
      imp({ bidfloor: 0.5 }),
    ],
    ['a string from a number', imp({ tagid: 12 }), ['warn number-for-string imp[0].tagid'], imp({ tagid: '12' })],
    [
      'a number beyond 2^53 without losing digits',
      `{"id":12345678901234567890,"site":{"id":"s1"},"imp":[{"id":"1","banner":{"w":300,"h":250}}]}`,
      ['warn number-for-string id'],
      request({ id: '12345678901234567890' }),
    ],
    [
      'a version sent as a number',
      `{"id":"r1","site":{"id":"s1"},"device":{"osv":10.10},"imp":[{"id":"1","banner":{"w":300,"h":250}}]}`,
      ['warn number-for-string device.osv'],
      request({ device: { osv: '10.10' } }),
    ],
    ['a float', request({ tmax: 933.33 }), ['warn float-for-integer tmax'], request({ tmax: 933 })],
    [
      'a boolean flag',
      imp({ instl: true, secure: false }),
      ['warn boolean-for-flag imp[0].instl', 'warn boolean-for-flag imp[0].secure'],
      imp({ instl: 1, secure: 0 }),
    ],
    [
      'a scalar where an array is due',
      request({ cur: 'USD' }),
      ['warn scalar-for-array cur'],
      request({ cur: ['USD'] }),
    ],
    [
      'keywords in an array',
      request({ site: { id: 's1', keywords: ['a', 'b'] } }),
      ['warn array-for-string site.keywords'],
      request({ site: { id: 's1', keywords: 'a,b' } }),
    ],
    [
      'keywords beside kwarray',
      request({ user: { keywords: 'a', kwarray: ['b'] } }),
      ['warn keywords-twice user.keywords'],
      request({ user: { kwarray: ['b'] } }),
    ],
    ['an ext that is no object', imp({ ext: 'x' }), ['warn ext-not-object imp[0].ext'], base],
    [
      'an optional value of the wrong type',
      request({ device: { make: {}, js: 'yes' } }),
      ['warn wrong-type device.make', 'warn wrong-type device.js'],
      request({ device: {} }),
    ],
    [
      'an item of the wrong type',
      request({ bcat: ['IAB1', {}, 'IAB2'] }),
      ['warn wrong-type bcat[1]'],
      request({ bcat: ['IAB1', 'IAB2'] }),
    ],
    ['an object of the wrong type', request({ user: 'x' }), ['warn wrong-type user'], base],
    [
      'a negative size that is not needed',
      request({ device: { w: -1, h: 9 } }),
      ['warn out-of-range device.w'],
      request({ device: { h: 9 } }),
    ],
    [
      'a negative bitrate',
      media({ video: { ...video, maxbitrate: -1 } }),
      ['warn out-of-range imp[0].video.maxbitrate'],
      media({ video }),
    ],
    ['a negative tmax', request({ tmax: -2 }), ['warn out-of-range tmax'], base],
    ['a tmax of 0', request({ tmax: 0 }), ['warn out-of-range tmax'], base],
    [
      'a latitude out of range, with its longitude',
      request({ device: { geo: { lat: 678.9, lon: 10, city: 'x' } } }),
      ['warn out-of-range device.geo.lat'],
      request({ device: { geo: { city: 'x' } } }),
    ],
    [
      'coordinates in strings',
      request({ device: { geo: { lat: '52.5', lon: '13.4' } } }),
      ['warn string-for-number device.geo.lat', 'warn string-for-number device.geo.lon'],
      request({ device: { geo: { lat: 52.5, lon: 13.4 } } }),
    ],
    [
      'a country in two letters',
      request({ device: { geo: { country: 'de' } } }),
      ['warn country-not-alpha-3 device.geo.country'],
      request({ device: { geo: { country: 'DEU' } } }),
    ],
    [
      'a country in lower case',
      request({ user: { geo: { country: 'usa' } } }),
      ['warn country-not-alpha-3 user.geo.country'],
      request({ user: { geo: { country: 'USA' } } }),
    ],
    [
      'a currency in lower case',
      request({ cur: ['usd'], imp: [{ id: '1', banner, bidfloorcur: 'eur' }] }),
      ['warn currency-case cur', 'warn currency-case imp[0].bidfloorcur'],
      request({ cur: ['USD'], imp: [{ id: '1', banner, bidfloorcur: 'EUR' }] }),
    ],
    [
      'URLs among blocked domains',
      request({ badv: ['https://www.Shop.example/', 'a.example'] }),
      ['notice blocked-domain-not-bare badv'],
      request({ badv: ['shop.example', 'a.example'] }),
    ],
    [
      'blocked domains in one text',
      request({ badv: ['a.example, *.b.example', 'c.example'] }),
      ['warn joined-domains badv', 'notice blocked-domain-not-bare badv'],
      request({ badv: ['a.example', 'b.example', 'c.example'] }),
    ],
    [
      'an international name in letters',
      request({ badv: ['Bücher.example'] }),
      ['notice blocked-domain-not-bare badv'],
      request({ badv: ['xn--bcher-kva.example'] }),
    ],
    [
      'advertisers of a deal with wildcard',
      imp({ pmp: { deals: [{ id: 'd', wadomain: ['*.Shop.example'] }] } }),
      ['notice blocked-domain-not-bare imp[0].pmp.deals[0].wadomain'],
      imp({ pmp: { deals: [{ id: 'd', wadomain: ['shop.example'] }] } }),
    ],
    ['a restricted list with a hole', request({ wseat: ['', 's', null] }), [], request({ wseat: ['s'] })],
    [
      'a request without site, app and dooh',
      { ...base, site: undefined },
      ['warn no-inventory '],
      { ...base, site: undefined },
    ],
    [
      'two seat lists',
      request({ wseat: ['a'], bseat: ['b'] }),
      ['warn exclusive-fields wseat'],
      request({ wseat: ['a'], bseat: ['b'] }),
    ],
    [
      'two language lists: the auction reads one',
      request({ wlang: ['en'], wlangb: ['en-GB'] }),
      ['warn languages-twice wlang'],
      request({ wlangb: ['en-GB'] }),
    ],
    [
      'two category lists',
      request({ acat: ['IAB1'], bcat: ['IAB2'] }),
      ['warn exclusive-fields acat'],
      request({ acat: ['IAB1'], bcat: ['IAB2'] }),
    ],
    [
      'required durations beside bounds',
      media({ video: { ...video, rqddurs: [15, 30] } }),
      ['warn durations-conflict imp[0].video.rqddurs'],
      media({ video: { mimes: ['video/mp4'], rqddurs: [15, 30] } }),
    ],
    [
      'a duration floor without bounds',
      media({ video: { ...video, durfloors: [{ bidfloor: 2 }, { mindur: 5, bidfloor: 3 }] } }),
      ['warn unbounded-duration-floor imp[0].video.durfloors'],
      media({ video: { ...video, durfloors: [{ mindur: 5, bidfloor: 3 }] } }),
    ],
    [
      'an unusable format beside a usable one',
      media({ banner: { format: [{ w: 300 }, { w: 300, h: 250 }] } }),
      ['warn unusable-format imp[0].banner.format[0]'],
      media({ banner: { format: [{ w: 300, h: 250 }] } }),
    ],
    [
      'an interstitial without size by that of the device',
      request({ device: { w: 390, h: 844 }, imp: [{ id: '1', instl: 1, banner: {} }] }),
      ['notice interstitial-size imp[0].banner'],
      request({ device: { w: 390, h: 844 }, imp: [{ id: '1', instl: 1, banner: { w: 390, h: 844 } }] }),
    ],
    [
      'an empty supply chain',
      request({ source: { tid: 't', schain: { complete: 1, ver: '1.0', nodes: [] } } }),
      ['warn incomplete-part source.schain.nodes'],
      request({ source: { tid: 't' } }),
    ],
    [
      'a supply chain with a nameless node',
      request({ source: { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a.example' }] } } }),
      ['warn incomplete-part source.schain.nodes[0].sid', 'warn incomplete-part source.schain.nodes'],
      request({ source: {} }),
    ],
    [
      'a malformed us_privacy is forwarded',
      request({ regs: { us_privacy: 'yes' } }),
      ['warn us-privacy-malformed regs.us_privacy'],
      request({ regs: { us_privacy: 'yes' } }),
    ],
    [
      'gpp without sections is forwarded',
      request({ regs: { gpp: 'DBAA' } }),
      ['warn gpp-without-sid regs.gpp'],
      request({ regs: { gpp: 'DBAA' } }),
    ],
    [
      'deprecated fields, with a notice',
      request({
        user: { yob: 1990 },
        device: { didmd5: 'x' },
        imp: [{ id: '1', video: { ...video, placement: 1, sequence: 2 } }],
      }),
      [
        'notice deprecated-field user.yob',
        'notice deprecated-field device.didmd5',
        'notice deprecated-field imp[0].video.sequence',
        'notice deprecated-field imp[0].video.placement',
      ],
      request({
        user: { yob: 1990 },
        device: { didmd5: 'x' },
        imp: [{ id: '1', video: { ...video, placement: 1, sequence: 2 } }],
      }),
    ],
  ])('%s', (_name, message, expected, mended) => {
    const reading = ok(message);
    expect(found(reading)).toEqual(expected);
    expect(reading.request).toEqual(mended);
  });
});

describe('promotes the places of 2.5', () => {
  it.each<[string, object, Found, object]>([
    [
      'gdpr',
      { regs: { ext: { gdpr: 1, gpc: '1' } } },
      ['warn legacy-place regs.ext.gdpr'],
      { regs: { gdpr: 1, ext: { gpc: '1' } } },
    ],
    [
      'us_privacy',
      { regs: { ext: { us_privacy: '1YNN' } } },
      ['warn legacy-place regs.ext.us_privacy'],
      { regs: { us_privacy: '1YNN' } },
    ],
    [
      'gpp',
      { regs: { ext: { gpp: 'DBAA', gpp_sid: [7] } } },
      ['warn legacy-place regs.ext.gpp', 'warn legacy-place regs.ext.gpp_sid'],
      { regs: { gpp: 'DBAA', gpp_sid: [7] } },
    ],
    [
      'consent and eids',
      { user: { ext: { consent: 'C', eids: [{ source: 'a.example', uids: [{ id: 'u' }] }] } } },
      ['warn legacy-place user.ext.consent', 'warn legacy-place user.ext.eids'],
      { user: { consent: 'C', eids: [{ source: 'a.example', uids: [{ id: 'u' }] }] } },
    ],
    [
      'schain of 2.5',
      { source: { ext: { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a', sid: '1' }] } } } },
      ['warn legacy-place source.ext.schain'],
      { source: { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a', sid: '1' }] } } },
    ],
    [
      'schain of 2.4',
      { ext: { a: 1, schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a', sid: '1' }] } } },
      ['warn legacy-place ext.schain'],
      { ext: { a: 1 }, source: { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a', sid: '1' }] } } },
    ],
    [
      'inventory partner',
      { site: { id: 's1', ext: { inventorypartnerdomain: 'p.example' } } },
      ['warn legacy-place site.ext.inventorypartnerdomain'],
      { site: { id: 's1', inventorypartnerdomain: 'p.example' } },
    ],
    [
      'rewarded',
      { imp: [{ id: '1', banner, ext: { prebid: { is_rewarded_inventory: 1, x: 2 } } }] },
      ['warn legacy-place imp[0].ext.prebid.is_rewarded_inventory'],
      { imp: [{ id: '1', banner, rwdd: 1, ext: { prebid: { x: 2 } } }] },
    ],
    [
      'the 2.6 place wins',
      { regs: { gdpr: 0, ext: { gdpr: 1 } } },
      ['warn legacy-place regs.ext.gdpr'],
      { regs: { gdpr: 0 } },
    ],
    [
      'the value is mended at its own place',
      { regs: { ext: { gdpr: '1' } } },
      ['warn legacy-place regs.ext.gdpr', 'warn string-for-number regs.ext.gdpr'],
      { regs: { gdpr: 1 } },
    ],
  ])('%s', (_name, fields, expected, promoted) => {
    const reading = ok(request(fields));
    expect(found(reading)).toEqual(expected);
    expect(reading.request).toEqual(request(promoted));
  });
});

describe('drops', () => {
  const second = { id: '2', banner };
  it.each<[string, unknown, Found, object]>([
    [
      'an imp without id',
      request({ imp: [{ banner }, second] }),
      ['drop missing-field imp[0].id'],
      request({ imp: [second] }),
    ],
    ['an imp without media', withSecond({}), ['drop no-media imp[0]'], request({ imp: [second] })],
    [
      'a banner without size',
      withSecond({ banner: {} }),
      ['drop no-size imp[0].banner', 'drop no-media imp[0]'],
      request({ imp: [second] }),
    ],
    [
      'a banner without height',
      withSecond({ banner: { w: 300 } }),
      ['drop no-size imp[0].banner.h', 'drop no-media imp[0]'],
      request({ imp: [second] }),
    ],
    [
      'a banner that is no object',
      withSecond({ banner: 'x', video }),
      ['drop not-an-object imp[0].banner'],
      request({ imp: [{ id: '1', video }, second] }),
    ],
    [
      'a banner with a format in a string',
      withSecond({ banner: { ...banner, format: '300x250' }, video }),
      ['drop unusable-value imp[0].banner.format'],
      request({ imp: [{ id: '1', video }, second] }),
    ],
    [
      'a video without mimes',
      withSecond({ banner, video: { mimes: [] } }),
      ['drop missing-mimes imp[0].video.mimes'],
      request({ imp: [{ id: '1', banner }, second] }),
    ],
    [
      'an audio without mimes',
      withSecond({ banner, audio: {} }),
      ['drop missing-field imp[0].audio.mimes'],
      request({ imp: [{ id: '1', banner }, second] }),
    ],
    [
      'a native without request',
      withSecond({ banner, native: {} }),
      ['drop missing-field imp[0].native.request'],
      request({ imp: [{ id: '1', banner }, second] }),
    ],
    [
      'an imp with a negative floor',
      withSecond({ banner, bidfloor: -1 }),
      ['drop unusable-value imp[0].bidfloor'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an infinite floor',
      JSON.stringify(withSecond({ banner, bidfloor: 7 })).replace(':7}', ':1e999}'),
      ['drop unusable-value imp[0].bidfloor'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an unreadable floor',
      withSecond({ banner, bidfloor: 'one' }),
      ['drop unusable-value imp[0].bidfloor'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an unknown floor currency',
      withSecond({ banner, bidfloorcur: 'XYZ' }),
      ['drop unknown-currency imp[0].bidfloorcur'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an unreadable market',
      withSecond({ banner, pmp: 'private' }),
      ['drop unusable-value imp[0].pmp'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an unreadable private_auction',
      withSecond({ banner, pmp: { private_auction: 'x' } }),
      ['drop unusable-value imp[0].pmp.private_auction'],
      request({ imp: [second] }),
    ],
    [
      'an imp with too long an id',
      request({ imp: [{ id: id513, banner }, second] }),
      ['drop id-too-long imp[0].id'],
      request({ imp: [second] }),
    ],
    [
      'an imp with too long a tagid: floors may hang on it',
      withSecond({ banner, tagid: id513 }),
      ['drop id-too-long imp[0].tagid'],
      request({ imp: [second] }),
    ],
    [
      'an imp with an unreadable tagid',
      withSecond({ banner, tagid: {} }),
      ['drop unusable-value imp[0].tagid'],
      request({ imp: [second] }),
    ],
    [
      'an interstitial banner of which no size is known',
      withSecond({ instl: 1, banner: { pos: 7 } }),
      ['drop no-size imp[0].banner', 'drop no-media imp[0]'],
      request({ imp: [second] }),
    ],
    [
      'a deal with too long an id',
      imp({ pmp: { deals: [{ id: id513 }, { id: 'd' }] } }),
      ['drop id-too-long imp[0].pmp.deals[0].id'],
      imp({ pmp: { deals: [{ id: 'd' }] } }),
    ],
    [
      'every deal of an id that stands for several',
      imp({ pmp: { private_auction: 1, deals: [{ id: 'd', bidfloor: 1 }, { id: 'e' }, { id: 'd', bidfloor: 2 }] } }),
      ['drop duplicate-deal-id imp[0].pmp.deals[0].id', 'drop duplicate-deal-id imp[0].pmp.deals[2].id'],
      imp({ pmp: { private_auction: 1, deals: [{ id: 'e' }] } }),
    ],
    [
      'a deal of a type that was not agreed',
      imp({
        pmp: {
          deals: [
            { id: 'd', at: 500, bidfloor: 1 },
            { id: 'e', at: 0 },
          ],
        },
      }),
      ['drop unknown-deal-type imp[0].pmp.deals[0].at', 'drop unknown-deal-type imp[0].pmp.deals[1].at'],
      imp({ pmp: { deals: [] } }),
    ],
    [
      'a deal of fixed price without the price',
      imp({
        pmp: {
          deals: [
            { id: 'd', at: 3 },
            { id: 'e', at: 3, bidfloor: 0 },
          ],
        },
      }),
      [
        'drop fixed-price-missing imp[0].pmp.deals[0].bidfloor',
        'drop fixed-price-missing imp[0].pmp.deals[1].bidfloor',
      ],
      imp({ pmp: { deals: [] } }),
    ],
    [
      'deals whose restrictions name nobody',
      imp({
        pmp: {
          deals: [
            { id: 'a', wseat: [''] },
            { id: 'b', wadomain: [null] },
            { id: 'c', wadomain: ['//'] },
          ],
        },
      }),
      [
        'drop unusable-value imp[0].pmp.deals[0].wseat',
        'drop unusable-value imp[0].pmp.deals[1].wadomain',
        'notice blocked-domain-not-bare imp[0].pmp.deals[2].wadomain',
        'drop unusable-value imp[0].pmp.deals[2].wadomain',
      ],
      imp({ pmp: { deals: [] } }),
    ],
    [
      'a deal without id',
      imp({ pmp: { deals: [{ bidfloor: 1 }, { id: 'd' }] } }),
      ['drop missing-field imp[0].pmp.deals[0].id'],
      imp({ pmp: { deals: [{ id: 'd' }] } }),
    ],
    [
      'a deal with a negative floor',
      imp({ pmp: { deals: [{ id: 'd', bidfloor: -1 }] } }),
      ['drop unusable-value imp[0].pmp.deals[0].bidfloor'],
      imp({ pmp: { deals: [] } }),
    ],
    [
      'a deal with an unknown currency, named by its place in the message',
      imp({ pmp: { deals: [{}, { id: 'd', bidfloorcur: 'XYZ' }] } }),
      ['drop missing-field imp[0].pmp.deals[0].id', 'drop unknown-currency imp[0].pmp.deals[1].bidfloorcur'],
      imp({ pmp: { deals: [] } }),
    ],
    [
      'a medium with a negative duration floor',
      withSecond({ banner, video: { ...video, durfloors: [{ mindur: 1, bidfloor: -1 }] } }),
      ['drop unusable-value imp[0].video.durfloors[0].bidfloor'],
      request({ imp: [{ id: '1', banner }, second] }),
    ],
    [
      'a medium with unreadable blocked attributes',
      withSecond({ video, banner: { ...banner, battr: {} } }),
      ['drop unusable-value imp[0].banner.battr'],
      request({ imp: [{ id: '1', video }, second] }),
    ],
    [
      'an eid without uids',
      request({ user: { eids: [{ source: 'a.example' }] } }),
      ['drop missing-field user.eids[0].uids'],
      request({ user: { eids: [] } }),
    ],
    [
      'an eid without source',
      request({ user: { eids: [{ uids: [{ id: 'u' }] }] } }),
      ['drop missing-field user.eids[0].source'],
      request({ user: { eids: [] } }),
    ],
    [
      'an eid with empty uids only',
      request({ user: { eids: [{ source: 'a.example', uids: [{ id: '' }] }] } }),
      ['warn incomplete-part user.eids[0].uids[0].id', 'drop missing-field user.eids[0].uids'],
      request({ user: { eids: [] } }),
    ],
    [
      'later imps keep their place in the message',
      request({ imp: [{}, { id: '3', banner: { w: 1 } }, second] }),
      ['drop missing-field imp[0].id', 'drop no-size imp[1].banner.h', 'drop no-media imp[1]'],
      request({ imp: [second] }),
    ],
  ])('%s', (_name, message, expected, mended) => {
    const reading = ok(message);
    expect(found(reading)).toEqual(expected);
    expect(reading.request).toEqual(mended);
  });
});

describe('rejects', () => {
  it.each<[string, unknown, string, string]>([
    ['what is no JSON', '{"id":', '', 'not-json'],
    ['an empty body', '', '', 'not-json'],
    ['a root that is no object', '"x"', '', 'root-not-object'],
    ['a null root', 'null', '', 'root-not-object'],
    ['too deep a message', `{"ext":${'['.repeat(40)}`, '', 'too-deep'],
    ['a request without id', { ...base, id: undefined }, 'id', 'missing-request-id'],
    ['too long a request id', request({ id: id513 }), 'id', 'id-too-long'],
    ['no imp', { ...base, imp: undefined }, 'imp', 'no-usable-imp'],
    ['an empty imp', request({ imp: [] }), 'imp', 'no-usable-imp'],
    ['imps that are no array', request({ imp: { id: '1', banner } }), 'imp', 'no-usable-imp'],
    [
      'too many imps under an escaped key',
      JSON.stringify(request({ imp: Array.from({ length: 65 }, (_, i) => ({ id: `${i}`, banner })) })).replace(
        '"imp"',
        '"\\u0069mp"',
      ),
      'imp',
      'too-many-imps',
    ],
    ['an only imp without id', request({ imp: [{ banner }] }), 'imp[0].id', 'missing-field'],
    ['an only imp without media', media({}), 'imp[0]', 'no-media'],
    ['an only banner without height', media({ banner: { w: 300 } }), 'imp[0].banner.h', 'no-size'],
    ['an only banner with negative height', media({ banner: { w: 300, h: -1 } }), 'imp[0].banner.h', 'no-size'],
    ['an only video without mimes', media({ video: {} }), 'imp[0].video.mimes', 'missing-mimes'],
    [
      'an only imp with a negative floor, though its deal is broken too',
      imp({ bidfloor: -1, pmp: { deals: [{}] } }),
      'imp[0].bidfloor',
      'unusable-value',
    ],
    [
      'an only imp with a broken medium and a negative floor',
      media({ banner: 'x', video, bidfloor: -1 }),
      'imp[0].bidfloor',
      'unusable-value',
    ],
    ['duplicate imp ids', request({ imp: [base.imp[0], { id: '1', video }] }), 'imp[1].id', 'duplicate-imp-id'],
    ['site and app', request({ app: { id: 'a' } }), 'app', 'several-inventories'],
    ['site and dooh', request({ dooh: { id: 'd' } }), 'dooh', 'several-inventories'],
    ['gdpr neither 0 nor 1', request({ regs: { gdpr: 2 } }), 'regs.gdpr', 'gdpr-invalid'],
    [
      'gdpr that is no number, in its old place',
      request({ regs: { ext: { gdpr: 'yes' } } }),
      'regs.ext.gdpr',
      'gdpr-invalid',
    ],
    ['unreadable coppa', request({ regs: { coppa: 'x' }, imp: [{}, base.imp[0]] }), 'regs.coppa', 'unusable-value'],
    ['unreadable regs', request({ regs: 'x' }), 'regs', 'unusable-value'],
    ['unreadable blocks', request({ badv: {} }), 'badv', 'unusable-value'],
    ...['wseat', 'bseat', 'cur', 'wlang', 'wlangb', 'acat', 'bcat', 'badv', 'bapp'].flatMap((key) =>
      [[''], [null], ['', null, {}]].map((list): [string, unknown, string, string] => [
        `a restriction without content, ${key}: ${JSON.stringify(list)}`,
        request({ [key]: list }),
        key,
        'unusable-value',
      ]),
    ),
    ['blocked advertisers that name no host', request({ badv: ['https://', ','] }), 'badv', 'no-usable-domain'],
    [
      'more domains in one text than in a list',
      request({ badv: ['a.example,'.repeat(501)] }),
      'badv',
      'too-many-items',
    ],
  ])('%s', (_name, message, path, code) => {
    const reading = rejected(message);
    expect(reading.diagnostic).toMatchObject({ path, code, severity: 'reject' });
    expect(reading).toMatchObject({ httpStatus: 400, nbr: 2 });
    expect(reading.diagnostics).toContain(reading.diagnostic);
  });

  it('too large a body with 413', () => {
    expect(read(Buffer.alloc(262_145, ' '))).toMatchObject({ kind: 'rejected', httpStatus: 413, requestId: null });
  });

  it('names the request it refuses', () => {
    expect(rejected(request({ imp: [] })).requestId).toBe('r1');
    expect(rejected(request({ id: 12, imp: [] })).requestId).toBe('12');
    expect(rejected('[]').requestId).toBeNull();
    expect(rejected(request({ id: id513 })).requestId).toBeNull();
    expect(rejected('{"id":12345678901234567890}').requestId).toBe('12345678901234567890');
    expect(rejected(`{"id":12345678901234567890,"ext":"${'x'.repeat(65_536)}"}`).requestId).toBeNull();
  });

  it('keeps the first reasons only of a message that is wrong everywhere', () => {
    const reading = rejected(request({ bcat: Array.from({ length: 400 }, () => ({})), imp: [] }));
    expect(reading.diagnostics).toHaveLength(101);
    expect(reading.diagnostic.path).toBe('imp');
  });
});

describe('native requests', () => {
  const kept = (reading: RequestReading) =>
    reading.kind === 'ok' && reading.request.imp[0]!.native ? JSON.parse(reading.request.imp[0]!.native.request) : null;

  it.each<[string, unknown, Found, object]>([
    ['an object', { assets }, ['warn native-object imp[0].native.request'], { assets }],
    [
      'the wrapper of 1.0',
      JSON.stringify({ native: { assets } }),
      ['warn native-wrapper imp[0].native.request'],
      { assets },
    ],
    [
      'double encoding',
      JSON.stringify(JSON.stringify({ assets })),
      ['warn native-double-encoded imp[0].native.request'],
      { assets },
    ],
    [
      'assets without any id',
      JSON.stringify({ assets: [{ title: { len: 5 } }, { data: { type: 1 } }] }),
      ['warn native-unnumbered-assets imp[0].native.request'],
      {
        assets: [
          { id: 0, title: { len: 5 } },
          { id: 1, data: { type: 1 } },
        ],
      },
    ],
    [
      'a number in a string',
      JSON.stringify({ assets: [{ id: 1, title: { len: '50' } }] }),
      ['warn string-for-number imp[0].native.request.assets[0].title.len'],
      { assets },
    ],
    [
      'unknown enumeration values',
      JSON.stringify({
        context: 77,
        assets: [{ id: 1, data: { type: 364 } }],
        eventtrackers: [{ event: 99, methods: [99] }],
      }),
      [],
      { context: 77, assets: [{ id: 1, data: { type: 364 } }], eventtrackers: [{ event: 99, methods: [99] }] },
    ],
  ])('take %s', (_name, request, expected, content) => {
    const reading = ok(native(request));
    expect(found(reading)).toEqual(expected);
    expect(kept(reading)).toEqual(content);
  });

  it.each<[string, unknown]>([
    ['no JSON', 'x'],
    ['an array', '[]'],
    ['no assets', JSON.stringify({ ver: '1.2' })],
    ['empty assets', JSON.stringify({ assets: [] })],
    ['an asset of no kind', JSON.stringify({ assets: [{ id: 1 }] })],
    ['an asset of two kinds', JSON.stringify({ assets: [{ id: 1, title: { len: 5 }, data: { type: 1 } }] })],
    ['duplicate ids', JSON.stringify({ assets: [...assets, ...assets] })],
    ['ids on some assets only', JSON.stringify({ assets: [...assets, { title: { len: 5 } }] })],
    ['a title without len', JSON.stringify({ assets: [{ id: 1, title: {} }] })],
    ['a negative size', JSON.stringify({ assets: [{ id: 1, img: { wmin: -1 } }] })],
    [
      'a video without mimes',
      JSON.stringify({ assets: [{ id: 1, video: { minduration: 1, maxduration: 2, protocols: [2] } }] }),
    ],
    ['data without type', JSON.stringify({ assets: [{ id: 1, data: {} }] })],
    ['an event tracker without methods', JSON.stringify({ assets, eventtrackers: [{ event: 1 }] })],
    ['an event tracker with empty methods', JSON.stringify({ assets, eventtrackers: [{ event: 1, methods: [] }] })],
    ['nested brackets without end', '['.repeat(100_000)],
  ])('with %s are dropped', (_name, request) => {
    const reading = ok(native(request));
    expect(found(reading)).toContain('drop native-invalid imp[0].native.request');
    expect(reading.request.imp.map(({ id }) => id)).toEqual(['2']);
  });
});

describe('strictness', () => {
  it('strict refuses what default mends', () => {
    expect(rejected(imp({ secure: '1' }), 'strict').diagnostic.path).toBe('imp[0].secure');
    expect(rejected(withSecond({}), 'strict').diagnostic.path).toBe('imp[0]');
  });

  it('strict takes what the specification allows', () => {
    expect(found(ok(base, 'strict'))).toEqual([]);
    expect(found(ok(request({ regs: { ext: { gdpr: 1 } } }), 'strict'))).toEqual(['warn legacy-place regs.ext.gdpr']);
  });

  it('lenient makes notices of mended values', () => {
    expect(found(ok(imp({ secure: '1' }), 'lenient'))).toEqual(['notice string-for-number imp[0].secure']);
  });

  it('lenient assumes video/mp4, and the strictest gdpr', () => {
    const reading = ok(request({ regs: { gdpr: 2 }, imp: [{ id: '1', video: {} }] }), 'lenient');
    expect(reading.request).toMatchObject({ regs: { gdpr: 1 }, imp: [{ video: { mimes: ['video/mp4'] } }] });
    expect(found(reading)).toEqual(['warn missing-mimes imp[0].video.mimes', 'warn gdpr-invalid regs.gdpr']);
  });

  it('lenient guesses no money and no identity', () => {
    expect(rejected(imp({ bidfloor: -1 }), 'lenient').diagnostic.path).toBe('imp[0].bidfloor');
    expect(rejected(request({ imp: [...base.imp, ...base.imp] }), 'lenient').diagnostic.code).toBe('duplicate-imp-id');
  });
});

describe('options', () => {
  it('may give an id to requests without one', () => {
    const reading = createRequestReader({ generateRequestId: () => 'made' })(bytes({ ...base, id: '' }));
    expect(reading).toMatchObject({ kind: 'ok', request: { id: 'made' } });
  });

  it('may set other limits', () => {
    const limits = { bytesMax: 100, depthMax: 3, arrayItemsMax: 2, impsMax: 1 };
    const readSmall = createRequestReader({ limits });
    expect(readSmall(Buffer.alloc(101, ' '))).toMatchObject({ httpStatus: 413 });
    expect(readSmall(bytes({ id: 'r', imp: [{}, {}] }))).toMatchObject({ diagnostic: { code: 'too-many-imps' } });
  });
});
