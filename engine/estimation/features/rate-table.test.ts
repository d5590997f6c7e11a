import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelFormatError } from '../models/model-format-error.ts';
import { RateTable, readRateTable } from './rate-table.ts';

const KEY = fc.integer({ min: 1, max: 0xffffffff });

describe('rate table', () => {
  it('finds what a map finds, also among keys that share a place', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.oneof(
            KEY,
            KEY.map((key) => ((key << 10) | 1) >>> 0),
          ),
        ),
        fc.array(KEY),
        (keys, others) => {
          const lifts = keys.map((_, index) => index + 0.5);
          const table = new RateTable({ keys, lifts, impressions: keys.map((_, index) => index) });
          keys.forEach((key, index) => {
            expect(table.lifts[table.placeOf(key | 0)]).toBe(index + 0.5);
            expect(table.evidences[table.placeOf(key | 0)]).toBe(Math.log1p(index));
          });
          for (const key of others) if (!keys.includes(key)) expect(table.lifts[table.placeOf(key | 0)]).toBe(0);
        },
      ),
    );
  });

  it('takes a key without a past as average', () => {
    const table = new RateTable({ keys: [], lifts: [], impressions: [] });
    expect(table.lifts[table.placeOf(7)]).toBe(0);
    expect(table.evidences[table.placeOf(7)]).toBe(0);
  });

  it.each([
    ['no object', 3],
    ['lists of different lengths', { keys: [1, 2], lifts: [0], impressions: [1, 1] }],
    ['too few impressions', { keys: [1, 2], lifts: [0, 0], impressions: [1] }],
    ['a key twice', { keys: [1, 1], lifts: [0, 0], impressions: [1, 1] }],
    ['the key of what is missing', { keys: [0], lifts: [0], impressions: [1] }],
    ['a key beyond 32 bits', { keys: [2 ** 32], lifts: [0], impressions: [1] }],
    ['a fraction as key', { keys: [1.5], lifts: [0], impressions: [1] }],
    ['negative impressions', { keys: [1], lifts: [0], impressions: [-1] }],
    ['a lift that is no number', { keys: [1], lifts: ['0'], impressions: [1] }],
    ['a field that nobody reads', { keys: [1], lifts: [0], impressions: [1], clicks: [0] }],
  ])('refuses %s', (_, json) => {
    expect(() => readRateTable(json, 'rates.os')).toThrow(ModelFormatError);
  });
});
