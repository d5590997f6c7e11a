import { describe, expect, test } from 'vitest';
import type { Bid } from '../../openrtb/types.ts';
import { type BidOrigin, bidCandidate } from './bid-candidate.ts';
import { buildWireBid, DECISION_RULES } from './testing/build-exchange.ts';

const ORIGIN: BidOrigin = {
  dspId: 'dsp-a',
  seat: 's',
  groupKey: 'dsp-a 0',
  currency: 'EUR',
  pricing: 'cpc',
  quality: 0.5,
};

const candidate = (bid: Partial<Bid>) => bidCandidate(3, buildWireBid(bid), ORIGIN, DECISION_RULES.priors);

/** A bid that names nothing it need not name. */
const bare = (bid: Partial<Bid> = {}) =>
  bidCandidate(0, { id: 'b', impid: '1', price: 1, ...bid }, ORIGIN, DECISION_RULES.priors);

test('where it came from and what it says', () => {
  const bid: Partial<Bid> = {
    id: 'b',
    impid: '7',
    price: 1.25,
    dealid: 'd',
    adomain: ['a.example'],
    cat: ['IAB1'],
    cattax: 6,
    bundle: 'app',
    attr: [2],
    protocol: 3,
    w: 300,
    h: 250,
    wratio: 6,
    hratio: 5,
    dur: 15,
    exp: 60,
    crid: 'c',
    nurl: 'https://a.example/win',
  };
  expect(candidate(bid)).toMatchObject({
    index: 3,
    ...ORIGIN,
    bidId: 'b',
    impId: '7',
    priceMicros: 1_250_000,
    dealId: 'd',
    advertiserDomains: ['a.example'],
    categories: ['IAB1'],
    categoryTaxonomy: 6,
    bundle: 'app',
    attributes: [2],
    protocol: 3,
    width: 300,
    height: 250,
    wratio: 6,
    hratio: 5,
    durationSec: 15,
    expirySec: 60,
    creativeId: 'c',
    hasMarkup: true,
    hasWinNoticeUrl: true,
  });
});

test('what a bid leaves out is null, empty, or the default of the specification', () => {
  expect(bare()).toMatchObject({
    dealId: null,
    advertiserDomains: [],
    categories: [],
    categoryTaxonomy: 1,
    bundle: null,
    attributes: [],
    protocol: null,
    language: null,
    width: null,
    durationSec: null,
    expirySec: null,
    creativeId: null,
    declaredMedia: null,
    sniffedMedia: null,
    hasMarkup: false,
    hasWinNoticeUrl: false,
    hasInsecureMarkup: false,
    htmlKind: null,
  });
});

test.each([
  [1, 'banner'],
  [2, 'video'],
  [3, 'audio'],
  [4, 'native'],
  [0, 'unknown'],
  [5, 'unknown'],
  [-1, 'unknown'],
])('mtype %d is %s', (mtype, declaredMedia) => {
  expect(candidate({ mtype })).toMatchObject({ declaredMedia });
});

test.each<[string, Partial<Bid>, number]>([
  ['declared banner', { mtype: 1 }, 0.001],
  ['declared video', { mtype: 2 }, 0.004],
  ['declared audio', { mtype: 3 }, 0.0005],
  ['declared native', { mtype: 4 }, 0.002],
  ['VAST without mtype', { adm: '<VAST version="4.0"/>' }, 0.004],
  ['DAAST without mtype', { adm: '<DAAST version="1.0"/>' }, 0.0005],
  ['native without mtype', { adm: '{"native":{}}' }, 0.002],
  ['HTML without mtype', { adm: '<b>ad</b>' }, 0.001],
  ['no hint at all', {}, 0.001],
])('click prior: %s', (_name, bid, ctr) => {
  expect(bare(bid).ctr).toBe(ctr);
});

test.each([
  [1, 0.01],
  [2, 0.02],
  [3, 0.03],
  [4, 0.04],
])('conversion prior of mtype %d', (mtype, cvr) => {
  expect(bare({ mtype })).toMatchObject({ cvr, cvrSource: 'prior', cvrModel: null });
});

test('the language is compared in lower case, and the BCP 47 one counts', () => {
  expect(candidate({ language: 'EN' }).language).toBe('en');
  expect(candidate({ language: 'en', langb: 'en-GB' }).language).toBe('en-gb');
});

test.each<[string, string | undefined, boolean | null, readonly string[] | null]>([
  ['none', undefined, null, null],
  ['of another kind', '<b>ad</b>', null, null],
  [
    'with link and asset',
    '{"link":{"url":"https://a.example"},"assets":[{"id":1,"title":{"text":"t"}}]}',
    true,
    ['1 title'],
  ],
  ['without either', '{"assets":[]}', false, []],
])('native parts of markup: %s', (_name, adm, hasNativeLink, nativeAssets) => {
  expect(bare(adm === undefined ? {} : { adm })).toMatchObject({ hasNativeLink, nativeAssets });
});

test('empty markup is no markup', () => {
  for (const adm of ['', ' \n\t']) {
    expect(candidate({ adm })).toMatchObject({ hasMarkup: false, sniffedMedia: null, htmlKind: null });
  }
});

describe('insecure markup', () => {
  test.each([
    ['an image', '<img src="http://cdn.example/a.png">', true],
    ['upper case, as browsers read it', '<img src="HTTP://cdn.example/a.png">', true],
    ['the second of two', '<img src="https://a.example/"><img src="http://b.example/">', true],
    ['behind a namespace', '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://b.example/"/></svg>', true],
    ['a host that begins like a namespace', '<script src="http://schema.org.evil.example/x.js"></script>', true],
    ['a JSON-escaped URL', '{"native":{"link":{"url":"http:\\/\\/a.example"}}}', true],
    ['https', '<img src="https://cdn.example/a.png">', false],
    ['no scheme', '<img src="//cdn.example/a.png">', false],
    ['only a namespace', '<svg xmlns="http://www.w3.org/2000/svg"></svg>', false],
    ['only a VAST schema', '<VAST xmlns="http://www.iab.com/VAST"></VAST>', false],
    ['the old VAST schema', '<VAST xsi:schemaLocation="http://www.iab.net/vast.xsd"></VAST>', false],
    ['only a vocabulary', '<div itemtype="http://schema.org/Product">', false],
    [
      'a percent-encoded parameter, which loads nothing',
      '<a href="https://t.example/?to=http%3A%2F%2Fa.example">',
      false,
    ],
  ])('%s', (_name, adm, hasInsecureMarkup) => {
    expect(candidate({ adm }).hasInsecureMarkup).toBe(hasInsecureMarkup);
  });

  test('the nurl counts only where it serves the markup', () => {
    const nurl = 'http://dsp.example/win';
    expect(bare({ nurl }).hasInsecureMarkup).toBe(true);
    expect(candidate({ nurl }).hasInsecureMarkup).toBe(false);
    expect(bare({ nurl: 'https://dsp.example/win' }).hasInsecureMarkup).toBe(false);
  });
});

test.each([
  ['<iframe src="https://a.example"></iframe>', 'iframe'],
  ['<SCRIPT src="https://a.example"></SCRIPT>', 'script'],
  ['<script></script><iframe></iframe>', 'iframe'],
  ['<scripted>', 'plain'],
  ['<a href="https://a.example">ad</a>', 'plain'],
  ['<VAST><!-- <script> --></VAST>', null],
  ['{"native":{"a":"<script>"}}', null],
])('HTML kind of %s is %s', (adm, htmlKind) => {
  expect(candidate({ adm }).htmlKind).toBe(htmlKind);
});
