import { describe, expect, it } from 'vitest';
import { FactSheet } from './facts.ts';
import { hashCode, hashPair, hashText } from './hash.ts';
import { RateTable } from './rate-table.ts';
import { emptyRateTables } from './rate-tables.ts';
import { FEATURE_COUNT, FEATURES } from './schema.ts';
import { VectorBuilder } from './vector-builder.ts';

function table(entries: Readonly<Record<number, number>>): RateTable {
  const keys = Object.keys(entries).map((key) => Number(key) >>> 0);
  return new RateTable({ keys, lifts: Object.values(entries), impressions: keys.map(() => 99) });
}

function rowOf(sheet: FactSheet, tables: Readonly<Record<string, RateTable>> = {}): Record<string, number> {
  const builder = new VectorBuilder(new Map([...emptyRateTables(), ...Object.entries(tables)]));
  const rows = new Float64Array(FEATURE_COUNT);
  builder.startImp(sheet);
  builder.fill(sheet, rows, 0);
  return Object.fromEntries(FEATURES.map(({ name }, at) => [name, rows[at]!]));
}

describe('building of vectors', () => {
  it('takes numbers, held within their range', () => {
    const sheet = new FactSheet();
    sheet.setNumber('utcOffsetHours', 5.5);
    sheet.setNumber('ageYears', 4000);
    sheet.setNumber('floorCpm', Math.E - 1);
    sheet.setFlag('hasDeal', true);
    expect(rowOf(sheet)).toMatchObject({
      'user.utc_offset_hours': 5.5,
      'user.age_years': 120,
      'context.floor_cpm': 1,
      'ad.has_deal': 1,
    });
  });

  it('has the default for what is not known', () => {
    const row = rowOf(new FactSheet());
    for (const { name, default: standard } of FEATURES) expect(row[name]).toBe(standard ?? Number.NaN);
  });

  it('turns hours on a circle', () => {
    const sheet = new FactSheet();
    sheet.setCode('hour', 6);
    const row = rowOf(sheet);
    expect(row['context.hour_sin']).toBe(1);
    expect(row['context.hour_cos']).toBeCloseTo(0);
  });

  it('puts categories and segments into buckets', () => {
    const sheet = new FactSheet();
    sheet.setCategory('os', hashText('iOS'));
    sheet.addSegment(12 * 100 + 7);
    expect(rowOf(sheet)).toMatchObject({
      'user.os': (hashText('iOS') >>> 0) % 32,
      'user.segment_7': 1,
      'user.segment_6': 0,
    });
  });

  it('looks rates and their evidence up by one fact or several', () => {
    const sheet = new FactSheet();
    sheet.setCategory('advertiser', hashText('shop.example.com'));
    sheet.setCategory('os', hashText('iOS'));
    const row = rowOf(sheet, {
      advertiser: table({ [hashText('shop.example.com')]: 0.7 }),
      'advertiser*os': table({ [hashPair(hashText('shop.example.com'), hashText('iOS'))]: -9 }),
    });
    expect(row['ad.rate.advertiser']).toBe(0.7);
    expect(row['ad.evidence.advertiser']).toBeCloseTo(Math.log(100), 12);
    expect(row['cross.rate.advertiser*os']).toBe(-8);
    // Known, but without a past.
    expect(row['user.rate.os']).toBe(0);
    // Not known.
    expect(row['cross.rate.advertiser*country']).toBeNaN();
  });

  it('takes mean and greatest rate over the segments', () => {
    const sheet = new FactSheet();
    sheet.setCategory('advertiser', 5);
    for (const segment of [1, 2, 3]) sheet.addSegment(segment);
    const row = rowOf(sheet, {
      segment: table({ 1: -0.5, 2: -1 }),
      'advertiser*segment': table({ [hashPair(5, 2)]: 3 }),
    });
    expect(row['user.rate.segment.mean']).toBe(-0.5);
    expect(row['user.rate.segment.greatest']).toBe(0);
    expect(row['cross.rate.advertiser*segment.mean']).toBe(1);
    expect(row['cross.rate.advertiser*segment.greatest']).toBe(3);
    expect(row['cross.rate.category*segment.mean']).toBeNaN();
  });

  it('compares sizes, and does without those that are 0', () => {
    const sheet = new FactSheet();
    sheet.setNumber('adWidth', 300);
    sheet.setNumber('adHeight', 250);
    sheet.setNumber('slotWidth', 600);
    sheet.setNumber('slotHeight', 0);
    const row = rowOf(sheet);
    expect(row['ad.area']).toBeCloseTo(Math.log(75_000), 12);
    expect(row['cross.width_of_slot']).toBeCloseTo(-Math.LN2, 12);
    expect(row['cross.height_of_slot']).toBeNaN();
  });

  it('compares languages', () => {
    const sheet = new FactSheet();
    sheet.setCategory('language', hashCode(1));
    expect(rowOf(sheet)['cross.language']).toBeNaN();
    sheet.setCategory('adLanguage', hashCode(1));
    expect(rowOf(sheet)['cross.language']).toBe(1);
    sheet.setCategory('adLanguage', hashCode(2));
    expect(rowOf(sheet)['cross.language']).toBe(0);
  });

  it('writes the row that it is told, and no other', () => {
    const builder = new VectorBuilder(emptyRateTables());
    const rows = new Float64Array(3 * FEATURE_COUNT).fill(-77);
    const sheet = new FactSheet();
    builder.startImp(sheet);
    builder.fill(sheet, rows, 1);
    expect(rows.subarray(0, FEATURE_COUNT).every((value) => value === -77)).toBe(true);
    expect(rows.subarray(FEATURE_COUNT, 2 * FEATURE_COUNT).includes(-77)).toBe(false);
    expect(rows.subarray(2 * FEATURE_COUNT).every((value) => value === -77)).toBe(true);
  });

  it('refuses tables of another schema', () => {
    expect(() => new VectorBuilder(new Map())).toThrow(RangeError);
  });
});
