import { describe, expect, it } from 'vitest';
import { compact, count, decimal, lengthOfTime, milliseconds, money, percent, signedPercent } from './quantities.ts';

describe('quantities', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [52_431, '52,431'],
    [-1_234_567, '-1,234,567'],
  ])('count %s is %s', (value, text) => expect(count(value)).toBe(text));

  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [0.0012, '0.0012'],
    [0.00001234, '1.2e-5'],
    [2.34567, '2.35'],
    [99.96, '100'],
    [100, '100'],
    [1234.6, '1,235'],
    [-12.34, '-12.3'],
  ])('decimal %s is %s', (value, text) => expect(decimal(value)).toBe(text));

  it.each([
    [9_999, '9,999'],
    [10_000, '10k'],
    [48_000, '48k'],
    [1_250_000, '1.25M'],
    [-3e9, '-3G'],
  ])('compact %s is %s', (value, text) => expect(compact(value)).toBe(text));

  it.each([
    [1_234_567_890_000, '1,234.57'],
    [1_500_000, '0.0015'],
    [0, '0'],
  ])('%s nanos are %s', (nanos, text) => expect(money(nanos)).toBe(text));

  it.each([
    [0, '0%'],
    [1, '100%'],
    [0.123, '12.3%'],
    [0.9996, '99.96%'],
    [0.99999, '>99.99%'],
    [0.00001, '<0.01%'],
    [-0.00001, '>-0.01%'],
    [1.5, '150.0%'],
  ])('a share of %s is %s', (share, text) => expect(percent(share)).toBe(text));

  it('shows the sign of a difference', () => {
    expect([0.021, -0.021, 0].map(signedPercent)).toEqual(['+2.1%', '-2.1%', '0%']);
  });

  it.each([
    [0.4, '0.4 ms'],
    [2000, '2 s'],
    [90_000, '1.5 min'],
    [86_400_000, '1 day'],
    [172_800_000, '2 days'],
  ])('%s ms last %s', (ms, text) => expect(lengthOfTime(ms)).toBe(text));

  it('tells long waits in seconds', () => {
    expect([3.4, 1240].map(milliseconds)).toEqual(['3.4 ms', '1.24 s']);
  });
});
