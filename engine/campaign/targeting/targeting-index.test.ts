import { describe, expect, it } from 'vitest';
import type { BidRequest } from '../../../openrtb/types.ts';
import { buildRequest, buildTerms } from '../../exchange/testing/build-exchange.ts';
import type { BookedLineItem } from '../booked-line-item.ts';
import type { Targeting } from '../campaign.ts';
import { advertiser, booking, campaign, excluding, including, targeted } from '../testing/build-booking.ts';
import { impFacts, requestFacts } from './facts.ts';
import { compileTargeting, TargetingIndex } from './targeting-index.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 12);

function found(index: TargetingIndex, request: BidRequest = buildRequest(), nowMs = NOW_MS): string[] {
  const facts = requestFacts(request);
  const { slots, count } = index.candidates(
    facts,
    impFacts(request.imp[0]!, buildTerms(request).imps[0]!, facts),
    nowMs,
  );
  return Array.from(slots.subarray(0, count), (slot) => index.at(slot)!.lineItem.id);
}

const suits = (targeting: Partial<Targeting>, request: BidRequest = buildRequest(), nowMs = NOW_MS) =>
  found(compileTargeting([targeted(targeting)]), request, nowMs).length === 1;

describe('inventory', () => {
  const at = (domain: string) => buildRequest({ site: { domain } });

  it('a domain includes its subdomains, whatever the case and the www', () => {
    for (const domain of ['news.example', 'www.news.example', 'a.b.NEWS.example']) {
      expect(suits({ inventory: including('WWW.News.Example') }, at(domain)), domain).toBe(true);
      expect(suits({ inventory: excluding('news.example') }, at(domain)), domain).toBe(false);
    }
    expect(suits({ inventory: including('news.example') }, at('badnews.example'))).toBe(false);
  });

  it('a bundle is no domain', () => {
    const app = buildRequest({ site: undefined as never, app: { bundle: 'com.game.example' } });
    expect(suits({ inventory: including('game.example') }, app)).toBe(false);
    expect(suits({ inventory: including('COM.game.example') }, app)).toBe(true);
  });

  it('a host that cannot be one costs no more than one', () => {
    const hostile = 'a.'.repeat(50_000);
    expect(requestFacts(at(hostile)).inventory).toHaveLength(1);
  });
});

it('an exclude wins over an include; what is unknown matches neither', () => {
  const inGermany = buildRequest({ device: { geo: { country: 'DEU' } } });
  const both = { include: ['DEU'], exclude: ['DEU'] };
  expect(suits({ countries: both }, inGermany)).toBe(false);
  expect(suits({ countries: including('DEU') })).toBe(false);
  expect(suits({ countries: excluding('DEU') })).toBe(true);
});

it('each key is a condition of its own', () => {
  const request = buildRequest({
    imp: [{ id: '1', banner: { format: [{ w: 300, h: 250 }] }, ext: { data: { genre: ['rock', 'pop'] } } }],
    site: { ext: { data: { tier: 1, genre: 'jazz' } } },
  });
  expect(suits({ keyValues: { genre: including('jazz'), tier: including('1') } }, request)).toBe(true);
  expect(suits({ keyValues: { genre: including('pop'), tier: including('2') } }, request)).toBe(false);
  expect(suits({ keyValues: { genre: excluding('pop') } }, request)).toBe(false);
  expect(suits({ keyValues: { absent: including('1') } }, request)).toBe(false);
  expect(suits({ keyValues: { absent: excluding('1') } }, request)).toBe(true);
});

it("hours are those of the advertiser's time zone, on the days of change too", () => {
  const inNewYork = (hour: number): BookedLineItem => ({
    ...targeted({ hoursOfWeek: including(hour) }),
    advertiser: advertiser({ timeZone: 'America/New_York' }),
  });
  const isOpen = (hour: number, nowMs: number) =>
    found(compileTargeting([inNewYork(hour)]), undefined, nowMs).length === 1;
  const sunday = 6 * 24;
  // 8 March 2026: 01:59 EST is followed by 03:00 EDT.
  const spring = Date.UTC(2026, 2, 8, 7);
  expect(isOpen(sunday + 1, spring - 1)).toBe(true);
  expect(isOpen(sunday + 2, spring)).toBe(false);
  expect(isOpen(sunday + 3, spring)).toBe(true);
  // 1 November 2026: 01:59 EDT is followed by 01:00 EST.
  const autumn = Date.UTC(2026, 10, 1, 6);
  expect(isOpen(sunday + 1, autumn - 1)).toBe(true);
  expect(isOpen(sunday + 1, autumn)).toBe(true);
  expect(isOpen(sunday + 2, autumn + 3_600_000)).toBe(true);
});

it('follows the clock from one request to the next, backwards too', () => {
  const monday = Date.UTC(2026, 0, 5);
  const index = compileTargeting([targeted({ hoursOfWeek: including(0) })]);
  for (const [offsetMs, count] of [
    [0, 1],
    [3_600_000, 0],
    [3_599_999, 1],
    [-1, 0],
  ] as const) {
    expect(found(index, undefined, monday + offsetMs), String(offsetMs)).toHaveLength(count);
  }
});

it('serves in its schedule, from the first millisecond and not at the last', () => {
  const index = compileTargeting([booking({ campaign: campaign({ startAt: 100, endAt: 200 }) })]);
  expect([99, 100, 199, 200].map((nowMs) => found(index, undefined, nowMs).length)).toEqual([0, 1, 1, 0]);
});

it('refuses a time zone that is none, and stays as it was', () => {
  const index = compileTargeting([booking()]);
  const wrong = booking({ advertiser: advertiser({ timeZone: 'Mars/Olympus' }) });
  expect(() => index.put(wrong)).toThrow(RangeError);
  expect(found(index)).toEqual(['line-1']);
});

it('grows with what is put in', () => {
  const index = new TargetingIndex();
  const numbers = Array.from({ length: 5000 }, (_, number) => number);
  for (const number of numbers)
    index.put(targeted({ countries: including(number % 2 ? 'USA' : 'DEU') }, `line-${number}`));
  const request = buildRequest({ device: { geo: { country: 'USA' } } });
  expect(found(index, request)).toHaveLength(2500);
  for (const number of numbers.slice(0, 4000)) index.remove(`line-${number}`);
  expect(found(index, request)).toHaveLength(500);
  expect(index.size).toBe(1000);
});

it('a line item whose request came before a change is found by what it is now', () => {
  const index = compileTargeting([targeted({ countries: including('USA') })]);
  const request = buildRequest({ device: { geo: { country: 'DEU' } } });
  const facts = requestFacts(request);
  const imp = impFacts(request.imp[0]!, buildTerms(request).imps[0]!, facts);
  expect(index.candidates(facts, imp, NOW_MS).count).toBe(0);
  index.put(targeted({ countries: including('DEU') }));
  expect(index.candidates(facts, imp, NOW_MS).count).toBe(1);
});
