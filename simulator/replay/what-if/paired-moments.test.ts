import { expect, it } from 'vitest';
import { seededRandom } from '../../random.ts';
import { PairedMoments } from './paired-moments.ts';

const Z = 1.959963984540054;

function sampleOf(count: number): number[][] {
  const random = seededRandom(1);
  return Array.from({ length: count }, () => {
    const base = random.uniform(0, 10);
    return [base, random.uniform(1, 2), base + random.uniform(0, 1), random.uniform(1, 3)];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

it('gives the interval of a paired difference by the textbook', () => {
  const sample = sampleOf(200);
  const moments = new PairedMoments(4);
  for (const row of sample) moments.add(row);
  const differences = sample.map((row) => row[2]! - row[0]!);
  const center = mean(differences);
  const variance = differences.reduce((sum, value) => sum + (value - center) ** 2, 0) / (differences.length - 1);
  const error = Z * Math.sqrt(variance / differences.length);
  const { value, lower, upper } = moments.difference(2, 0);
  expect(value).toBeCloseTo(center, 12);
  expect(lower).toBeCloseTo(center - error, 10);
  expect(upper).toBeCloseTo(center + error, 10);
  // Unpaired it would be many times as wide: what both have in common drops out.
  expect(upper! - lower!).toBeLessThan(0.1);
});

it('covers the true ratio about as often as it says', () => {
  const random = seededRandom(5);
  let covered = 0;
  const rounds = 400;
  for (let round = 0; round < rounds; round++) {
    const moments = new PairedMoments(4);
    for (let i = 0; i < 100; i++) {
      const [sold, more] = [random.uniform(0, 2), random.uniform(0, 2)];
      moments.add([sold * 3 + random.uniform(-1, 1), sold, more * 5 + random.uniform(-1, 1), more]);
    }
    const { lower, upper } = moments.ratioDifference([2, 3], [0, 1])!;
    if (lower! <= 2 && 2 <= upper!) covered += 1;
  }
  expect(covered / rounds).toBeGreaterThan(0.9);
  expect(covered / rounds).toBeLessThan(0.99);
});

it('says nothing of one draw, or of a ratio to nothing', () => {
  const moments = new PairedMoments(2);
  moments.add([1, 0]);
  expect(moments.difference(1, 0)).toEqual({ value: -1, lower: null, upper: null });
  expect(moments.ratioDifference([0, 1], [1, 0])).toBeNull();
});
