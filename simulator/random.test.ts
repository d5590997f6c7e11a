import { describe, expect, it } from 'vitest';
import { type SeededRandom, seededRandom } from './random.ts';

const DRAWS = 40_000;

function draws(random: SeededRandom, draw: (random: SeededRandom) => number, count = DRAWS): number[] {
  return Array.from({ length: count }, () => draw(random));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

describe('seeded random', () => {
  it('repeats for the same seed and differs for another', () => {
    const first = draws(seededRandom(7), (r) => r.next(), 100);
    expect(draws(seededRandom(7), (r) => r.next(), 100)).toEqual(first);
    expect(draws(seededRandom(8), (r) => r.next(), 100)).not.toEqual(first);
  });

  it('forks by label, whatever was drawn before', () => {
    const untouched = seededRandom(7);
    const drawn = seededRandom(7);
    drawn.next();
    expect(drawn.fork('dsp').next()).toBe(untouched.fork('dsp').next());
    expect(untouched.fork('a').fork('b').next()).not.toBe(untouched.fork('ab').next());
    expect(untouched.fork('').next()).not.toBe(untouched.next());
  });

  it('spreads the first draws of neighbouring forks evenly', () => {
    const root = seededRandom(1);
    const deciles = new Array<number>(10).fill(0);
    for (let index = 0; index < DRAWS; index++) {
      const decile = Math.floor(root.fork(`request-${index}`).next() * 10);
      deciles[decile] = deciles[decile]! + 1;
    }
    for (const count of deciles) expect(Math.abs(count / (DRAWS / 10) - 1)).toBeLessThan(0.06);
  });

  it('draws the distributions it names', () => {
    const root = seededRandom(3);
    expect(mean(draws(root.fork('uniform'), (r) => r.uniform(2, 4)))).toBeCloseTo(3, 1);
    expect(mean(draws(root.fork('exponential'), (r) => r.exponential(5)))).toBeCloseTo(5, 0);
    const logNormals = draws(root.fork('log-normal'), (r) => r.logNormal(2, 0.5));
    expect(median(logNormals)).toBeCloseTo(2, 1);
    expect(mean(logNormals)).toBeCloseTo(2 * Math.exp(0.125), 1);
    const integers = draws(root.fork('integer'), (r) => r.integer(1, 3));
    expect([...new Set(integers)].sort()).toEqual([1, 2, 3]);
  });

  it('picks by weight and never what has none', () => {
    const random = seededRandom(5);
    const items = [
      { name: 'often', weight: 3 },
      { name: 'never', weight: 0 },
      { name: 'seldom', weight: 1 },
    ];
    const names = Array.from({ length: DRAWS }, () => random.pickWeighted(items).name);
    expect(names).not.toContain('never');
    expect(names.filter((name) => name === 'often').length / DRAWS).toBeCloseTo(0.75, 1);
    expect(() => random.pickWeighted([{ weight: 0 }])).toThrow(RangeError);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it('is never at probability 0 and always at 1', () => {
    const random = seededRandom(5);
    for (let index = 0; index < 1_000; index++) {
      expect(random.chance(0)).toBe(false);
      expect(random.chance(1)).toBe(true);
    }
  });
});
