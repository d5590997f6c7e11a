import { expect, test } from 'vitest';
import { seededRandom } from '../random.ts';
import { pairedDifference } from './paired-difference.ts';

test('what both have in common falls out', () => {
  const { mean, lower, upper, relative } = pairedDifference('b', [100, 200, 300], [101, 202, 303]);
  // Differences 1, 2, 3: deviation 1, t of two degrees of freedom 4.303.
  expect(mean).toBe(2);
  expect(upper - mean).toBeCloseTo(4.303 / Math.sqrt(3), 6);
  expect(mean - lower).toBeCloseTo(upper - mean, 12);
  expect(relative).toBeCloseTo(0.01, 12);
});

test('the interval holds the truth 95 times of 100', () => {
  const random = seededRandom(1);
  let held = 0;
  for (let trial = 0; trial < 20_000; trial++) {
    const first = Array.from({ length: 8 }, () => 50 * random.normal());
    const { lower, upper } = pairedDifference(
      'b',
      first,
      first.map((value) => value + 1 + random.normal()),
    );
    if (lower <= 1 && 1 <= upper) held += 1;
  }
  expect(held / 20_000).toBeGreaterThan(0.94);
  expect(held / 20_000).toBeLessThan(0.96);
});

test('what cannot be paired is refused', () => {
  expect(() => pairedDifference('b', [1, 2], [1])).toThrow('2 and 1 values do not make two pairs');
  expect(() => pairedDifference('b', [1], [2])).toThrow(RangeError);
});
