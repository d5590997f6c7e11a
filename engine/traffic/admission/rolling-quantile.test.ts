import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingQuantile } from './rolling-quantile.ts';

const OPTIONS = { quantile: 0.95, spanMs: 1000, valuesMin: 100 };
const BUCKET = 2 ** (1 / 8);

describe('rolling quantile', () => {
  it('knows nothing exceptional before it has enough values', () => {
    const quantile = new RollingQuantile(OPTIONS, 0);
    for (let index = 0; index < 99; index++) quantile.add(index, 0);
    expect(quantile.value).toBe(Number.POSITIVE_INFINITY);
  });

  it('is within one bucket above the exact quantile, whatever the values', () => {
    const values = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 128, maxLength: 640 });
    fc.assert(
      fc.property(values, (list) => {
        const kept = list.slice(0, list.length - (list.length % 64));
        const quantile = new RollingQuantile(OPTIONS, 0);
        for (const value of kept) quantile.add(value, 0);
        const exact = kept.sort((a, b) => a - b)[Math.ceil(kept.length * 0.95) - 1]!;
        expect(quantile.value).toBeGreaterThanOrEqual(exact);
        expect(quantile.value).toBeLessThanOrEqual(exact * BUCKET * (1 + 1e-9));
      }),
    );
  });

  it('lets at most the upper share lie above it', () => {
    const quantile = new RollingQuantile(OPTIONS, 0);
    const values = Array.from({ length: 6400 }, (_, index) => (index * 7919) % 6400);
    for (const value of values) quantile.add(value, 0);
    expect(values.filter((value) => value > quantile.value).length).toBeLessThanOrEqual(320);
  });

  it('is 0 when at least that share of the values is nothing', () => {
    const quantile = new RollingQuantile(OPTIONS, 0);
    for (let index = 0; index < 640; index++) quantile.add(index % 100 === 0 ? 50 : Number.NaN, 0);
    expect(quantile.value).toBe(0);
  });

  it('forgets what is older than two spans', () => {
    const quantile = new RollingQuantile(OPTIONS, 0);
    for (let index = 0; index < 640; index++) quantile.add(1e6, 0);
    expect(quantile.value).toBeGreaterThanOrEqual(1e6);
    for (let index = 0; index < 640; index++) quantile.add(10, 1000);
    expect(quantile.value).toBeGreaterThanOrEqual(1e6);
    for (let index = 0; index < 640; index++) quantile.add(10, 2000);
    expect(quantile.value).toBeLessThan(12);
  });

  it('forgets all of it after a silence', () => {
    const quantile = new RollingQuantile(OPTIONS, 0);
    for (let index = 0; index < 640; index++) quantile.add(1e6, 0);
    quantile.add(10, 5000);
    expect(quantile.value).toBe(Number.POSITIVE_INFINITY);
  });
});
