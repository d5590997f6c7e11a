import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advertiserDocument,
  BookingError,
  campaignDocument,
  creativeDocument,
  lineItemDocument,
  readAdvertiser,
  readCampaign,
  readCreative,
  readLineItem,
} from './booking-documents.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';

const advertiser = { name: 'Acme', currency: 'EUR', timeZone: 'Europe/Berlin' };
const campaign = { advertiser: 'acme', name: 'Spring', start: '2026-12-01T00:00:00+01:00', budget: '1000.50' };
const lineItem = { campaign: 'spring', name: 'Phones', pricing: 'cpm', bid: '2.5', creatives: ['banner-1'] };
const creative = { advertiser: 'acme', name: 'Box', media: 'banner', markup: '<b>x</b>', width: 300, height: 250 };

describe('documents of what is booked', () => {
  it('are read into the terms of the engine, with defaults', () => {
    expect(readAdvertiser('acme', advertiser)).toMatchObject({ id: 'acme', domains: [], isPaused: false });
    expect(readCampaign('spring', campaign)).toEqual({
      id: 'spring',
      advertiserId: 'acme',
      name: 'Spring',
      status: 'active',
      startAt: Date.UTC(2026, 10, 30, 23),
      endAt: null,
      budgetNanos: 1_000_500_000_000n,
      dailyBudgetNanos: null,
      delivery: 'even',
      frequencyCaps: [],
    });
    const targeting = { countries: { include: ['DEU'] }, keyValues: { section: { exclude: ['news'] } } };
    expect(readLineItem('phones', { ...lineItem, targeting })).toMatchObject({
      bidMicros: 2_500_000,
      goalImpressions: null,
      targeting: {
        countries: { include: ['DEU'], exclude: [] },
        regions: { include: [], exclude: [] },
        keyValues: { section: { include: [], exclude: ['news'] } },
      },
    });
    expect(readCreative('box', creative)).toMatchObject({ size: { w: 300, h: 250 }, approval: 'pending' });
  });

  it('come back as they were written', () => {
    const read = [
      [readAdvertiser, advertiserDocument, advertiser],
      [readCampaign, campaignDocument, { ...campaign, end: '2027-01-01T00:00:00Z', dailyBudget: '10' }],
      [readLineItem, lineItemDocument, { ...lineItem, targeting: { sizes: { include: ['300x250'], exclude: [] } } }],
    ] as const;
    for (const [reader, writer, document] of read) {
      const booked = reader('one', document) as never;
      expect(reader('one', writer(booked))).toEqual(booked);
    }
    const approved = readCreative('box', { ...creative, approval: 'approved' });
    expect(readCreative('box', creativeDocument(approved))).toEqual(approved);
  });

  it.each([
    ['a field that is none', () => readCampaign('c', { ...campaign, bugdet: '5' }), 'bugdet'],
    ['a float for money', () => readCampaign('c', { ...campaign, budget: 5 }), 'budget'],
    ['too fine money', () => readCampaign('c', { ...campaign, budget: '0.0000000001' }), 'budget'],
    ['negative money', () => readCampaign('c', { ...campaign, budget: '-1' }), 'budget'],
    ['no budget', () => readCampaign('c', { ...campaign, budget: undefined }), 'budget'],
    ['an end before its start', () => readCampaign('c', { ...campaign, end: '2026-01-01T00:00:00Z' }), 'end'],
    ['a moment without zone', () => readCampaign('c', { ...campaign, start: '2026-12-01' }), 'start'],
    ['another id', () => readCampaign('c', { ...campaign, id: 'd' }), 'id'],
    ['a zone that is none', () => readAdvertiser('a', { ...advertiser, timeZone: 'Mars/Base' }), 'timeZone'],
    ['an offset for a zone', () => readAdvertiser('a', { ...advertiser, timeZone: '+01:00' }), 'timeZone'],
    [
      'a country by two letters',
      () => readLineItem('l', { ...lineItem, targeting: { countries: { include: ['DE'] } } }),
      'targeting.countries.include[0]',
    ],
    [
      'a poisoned key',
      () => readLineItem('l', { ...lineItem, targeting: JSON.parse('{"keyValues":{"__proto__":{}}}') }),
      'targeting.keyValues.__proto__',
    ],
    ['a goal by click', () => readLineItem('l', { ...lineItem, pricing: 'cpc', goalImpressions: 5 }), 'pricing'],
    ['half a size', () => readCreative('b', { ...creative, height: null }), 'height'],
    ['a banner without a size', () => readCreative('b', { ...creative, width: null, height: null }), 'width'],
    ['a native creative that is no JSON', () => readCreative('b', { ...creative, media: 'native' }), 'markup'],
    ['no object at all', () => readCampaign('c', null), ''],
  ])('refuses %s', (_what, read, path) => {
    expect(read).toThrow(BookingError);
    try {
      read();
    } catch (error) {
      expect((error as BookingError).path).toBe(path);
    }
  });

  it('money keeps every nano', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), (nanos) => {
        expect(parseDecimal(formatDecimal(nanos, 9), 9)).toBe(nanos);
      }),
    );
    expect(formatDecimal(1_000_500_000_000n, 9)).toBe('1000.50');
    expect(formatDecimal(-1n, 9)).toBe('-0.000000001');
  });
});
