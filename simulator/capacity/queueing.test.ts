import { expect, it } from 'vitest';
import { meanWaitMs, poissonQuantile, serversFor, underWay } from './queueing.ts';

it("knows Little's law", () => {
  expect(underWay(1000, 30)).toBe(30);
});

it('takes no server for a rounding error, and one for a real excess', () => {
  expect(serversFor(60, 100, 0.6)).toBe(1);
  expect(serversFor(0.3, 0.1, 1)).toBe(3);
  expect(serversFor(60.01, 100, 0.6)).toBe(2);
  expect(serversFor(0, 100, 0.6)).toBe(0);
});

it('waits by Pollaczek and Khinchine, without bound at full load', () => {
  expect(meanWaitMs(0.5, 4)).toBe(2);
  expect(meanWaitMs(0.8, 4)).toBeCloseTo(8, 12);
  expect(meanWaitMs(1, 4)).toBe(Number.POSITIVE_INFINITY);
});

it('finds quantiles of Poisson counts, also of means whose e^-mean is 0', () => {
  // P(X <= 2) = 5 / (2 e) = 0.9197, P(X <= 3) = 0.9810
  expect([0.91, 0.93, 0.98, 0.982].map((chance) => poissonQuantile(1, chance))).toEqual([2, 3, 3, 4]);
  expect(poissonQuantile(0, 0.999)).toBe(0);
  // Normal: 1000 + 3.09 sqrt 1000 = 1097.7
  expect(poissonQuantile(1000, 0.999)).toBeGreaterThan(1090);
  expect(poissonQuantile(1000, 0.999)).toBeLessThan(1106);
});
