import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CurrencyTable, knowsCurrency, microsToDecimal, rateBetween, toMicros } from './currency.ts';

const table: CurrencyTable = { asOf: '2026-01-02', base: 'EUR', rates: { USD: 1.25, JPY: 160, BAD: 0 } };

describe('rateBetween', () => {
  it.each([
    ['EUR', 'USD', 1.25],
    ['USD', 'EUR', 0.8],
    ['USD', 'JPY', 128],
    ['XTS', 'XTS', 1],
    ['USD', 'XTS', null],
    ['BAD', 'USD', null],
    ['constructor', 'USD', null],
    ['__proto__', 'USD', null],
  ])('%s to %s', (from, to, expected) => {
    expect(rateBetween(table, from, to)).toBe(expected);
  });

  it('knows the base and its rates', () => {
    expect(['EUR', 'USD', 'BAD', 'toString'].map((code) => knowsCurrency(table, code))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('micros', () => {
  it.each([
    [3.33, 3_330_000],
    [1.005, 1_005_000],
    [0.0000005, 1],
    [-0.0000001, 0],
    [0, 0],
    [1e300, Number.MAX_SAFE_INTEGER],
    [-1e300, Number.MIN_SAFE_INTEGER],
    [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
    [Number.NaN, Number.NaN],
  ])('%d is %d micros', (amount, micros) => {
    expect(toMicros(amount)).toBe(micros);
  });

  it.each([
    [3_330_000, '3.33'],
    [1, '0.000001'],
    [0, '0'],
    [-500_000, '-0.5'],
    [12_000_000, '12'],
    [Number.MAX_SAFE_INTEGER, '9007199254.740991'],
  ])('%d micros are %s', (micros, decimal) => {
    expect(microsToDecimal(micros)).toBe(decimal);
  });

  it('survive the way to text and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (micros) => {
        expect(microsToDecimal(micros)).toMatch(/^-?\d+(\.\d{0,5}[1-9])?$/);
        expect(toMicros(Number(microsToDecimal(micros)))).toBe(micros);
      }),
    );
  });
});
