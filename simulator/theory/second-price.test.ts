import { expect, it } from 'vitest';
import { logNormalValues, optimalReserve, secondPriceOutcome, uniformValues } from './second-price.ts';

it('is exact where the integral is known: uniform values', () => {
  const { revenue, fill } = secondPriceOutcome(uniformValues, 2, 0);
  expect(revenue).toBeCloseTo(1 / 3, 9);
  expect(fill).toBe(1);
  expect(secondPriceOutcome(uniformValues, 2, 0.5).revenue).toBeCloseTo(5 / 12, 9);
  expect(secondPriceOutcome(uniformValues, 2, 0.5).fill).toBe(0.75);
  // A single bidder pays the reserve: r (1 - r).
  expect(secondPriceOutcome(uniformValues, 1, 0.3).revenue).toBeCloseTo(0.21, 9);
  // (n - 1) / (n + 1)
  expect(secondPriceOutcome(uniformValues, 6, 0).revenue).toBeCloseTo(5 / 7, 9);
  expect(secondPriceOutcome(uniformValues, 3, 2)).toEqual({ revenue: 0, fill: 0 });
});

it('finds the reserve that brings most', () => {
  expect(optimalReserve(uniformValues)).toBeCloseTo(0.5, 12);
  const values = logNormalValues(4.0463, 0.9118);
  const best = optimalReserve(values);
  const revenue = (reserve: number): number => secondPriceOutcome(values, 3, reserve).revenue;
  expect(revenue(best)).toBeGreaterThan(revenue(best * 0.99));
  expect(revenue(best)).toBeGreaterThan(revenue(best * 1.01));
});

it('knows the mean of the lower of two log-normal values', () => {
  // E min = 2 exp(m + s^2 / 2) Phi(-s / sqrt 2): for s = 1, Phi(-0.7071) = 0.2397500610934768
  const lower = 2 * Math.exp(0.5) * 0.239_750_061_093_476_8;
  expect(secondPriceOutcome(logNormalValues(0, 1), 2, 0).revenue).toBeCloseTo(lower, 8);
});
