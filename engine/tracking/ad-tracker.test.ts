import { beforeEach, expect, it } from 'vitest';
import { HOUSE_SALE } from '../events/testing/build-events.ts';
import type { SoldAd } from '../exchange/sale.ts';
import { creativeTemplates } from '../markup/creative-templates.ts';
import type { TokenContent } from '../ports/token-signer.ts';
import { AdTracker } from './ad-tracker.ts';
import { readClaim } from './claim.ts';

const AD: SoldAd = {
  auctionId: 'auction-1',
  impId: '1',
  userKey: null,
  isTest: false,
  sale: HOUSE_SALE,
  billingNotice: 'https://dsp.example/bill',
};

let signed: { readonly content: TokenContent; readonly expiresAtMs: number }[];
let counted: string[];
let tracker: AdTracker;

beforeEach(() => {
  signed = [];
  counted = [];
  tracker = new AdTracker({
    signer: { sign: (content, expiresAtMs) => `T${signed.push({ content, expiresAtMs })}` },
    baseUrl: () => 'https://e.example',
    lifetimeMs: (code) => (code === 'click' ? 2000 : 1000),
    playbackPoints: [],
    observer: { onMarkup: (kind, result) => counted.push(`${kind} ${result}`) },
  });
});

const claims = () => signed.map(({ content }) => readClaim(content)!);

function track(markup: string, ad = AD, isOurs = false): string {
  const template = isOurs ? creativeTemplates(markup, 'html', []).plain : null;
  return tracker.track(ad, { markup, kind: 'html', template, hasEventTrackers: false, values: { AUCTION_ID: 'r 1' } });
}

it('signs one URL for the impression, with the notice that it bills', () => {
  expect(track('<b>an ad</b>')).toMatch(/^<img src="https:\/\/e\.example\/event\?t=T1" [^>]*><b>an ad<\/b>$/);
  expect(claims()).toEqual([{ ...AD, code: 'impression', target: null }]);
  expect(signed[0]!.expiresAtMs).toBe(HOUSE_SALE.soldAtMs + 1000);
  expect(counted).toEqual(['html tracked']);
});

it('carries no notice beside what bills, nor one that is too long', () => {
  track('<a href="${CLICK_URL}https://shop.example/">a</a>', AD, true);
  track('<b>an ad</b>', { ...AD, billingNotice: `https://dsp.example/${'é'.repeat(800)}` });
  expect(claims().map(({ code, billingNotice }) => [code, billingNotice])).toEqual([
    ['impression', AD.billingNotice],
    ['click', null],
    ['impression', null],
  ]);
});

it('leads to the address with its macros resolved, and a token of the conversion in it', () => {
  const markup = track(
    '<a href="${CLICK_URL}https://shop.example/?r=${AUCTION_ID}&c=${CONVERSION_TOKEN}">a</a>',
    AD,
    true,
  );
  // A space is none of an address: the click leads there directly.
  expect(markup).toContain('<a href="https://shop.example/?r=r 1&c=T2">');
  signed.length = 0;
  expect(track('<a href="${CLICK_URL}https://shop.example/?c=${CONVERSION_TOKEN}">a</a>', AD, true)).toContain(
    '?t=T3">a',
  );
  expect(claims().map(({ code, target }) => [code, target])).toEqual([
    ['impression', null],
    ['conversion', null],
    ['click', 'https://shop.example/?c=T2'],
  ]);
});

it('leads directly to what no URL can hold', () => {
  const address = `https://shop.example/${'a'.repeat(2000)}`;
  expect(track(`<a href="\${CLICK_URL}${address}">a</a>`, AD, true)).toContain(`<a href="${address}">`);
});

it('leaves alone what has no place, and an ad whose ids no URL can hold', () => {
  expect(track('an ad')).toBe('an ad');
  const long = { ...AD, sale: { ...HOUSE_SALE, creativeId: 'é'.repeat(1300) } };
  expect(track('<b>an ad</b>', long)).toBe('<b>an ad</b>');
  expect(counted).toEqual(['html left-alone', 'html left-alone']);
  expect(signed).toEqual([]);
});

it('leaves alone what wants more URLs than any ad has', () => {
  const pod = (count: number): string =>
    `<VAST>${'<Ad><InLine><Impression/><Creatives/></InLine></Ad>'.repeat(count)}</VAST>`;
  const trackPod = (markup: string): string =>
    tracker.track(AD, { markup, kind: 'vast', template: null, hasEventTrackers: false, values: {} });
  expect(trackPod(pod(200))).toBe(pod(200));
  expect(signed).toEqual([]);
  expect(trackPod(pod(30))).not.toBe(pod(30));
  expect(counted).toEqual(['vast left-alone', 'vast tracked']);
});
