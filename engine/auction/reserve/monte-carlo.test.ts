/** Known answers of auction theory, through the product's own pricing and estimators. */
import { describe, expect, it } from 'vitest';
import { gspUnitMicros } from '../gsp.ts';
import type { RankedBid } from '../ranked-bid.ts';
import { RESERVE_ESTIMATORS } from './estimator.ts';
import { optimalLogNormalReserve } from './log-normal.ts';

const MICROS = 1_000_000;
const AUCTIONS = 200_000;

/** mulberry32: uniform in [0, 1). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LOG_MEAN = 4.046;
const LOG_DEVIATION = 0.912;

function logNormal(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(LOG_MEAN + LOG_DEVIATION * normal);
}

/** Mean revenue per auction with each of the reserves, on the same values: a difference is not drowned by their noise. */
function revenues(bidders: number, reserves: readonly number[], draw: (random: () => number) => number): number[] {
  const random = seededRandom(7);
  const totals = reserves.map(() => 0);
  const values: number[] = new Array(bidders);
  for (let auction = 0; auction < AUCTIONS; auction++) {
    for (let i = 0; i < bidders; i++) values[i] = Math.round(draw(random) * MICROS);
    for (let r = 0; r < reserves.length; r++) totals[r]! += secondPrice(values, Math.round(reserves[r]! * MICROS));
  }
  return totals.map((total) => total / AUCTIONS / MICROS);
}

function secondPrice(values: readonly number[], reserveUnitMicros: number): number {
  const ranked: RankedBid[] = [];
  for (const value of values) {
    if (value < reserveUnitMicros) continue;
    ranked.push({ unitMicros: value, ecpmMicros: value, ecpmPerUnit: 1, reserveUnitMicros });
  }
  ranked.sort((a, b) => b.ecpmMicros - a.ecpmMicros);
  return ranked.length === 0 ? 0 : gspUnitMicros(ranked, 0, ranked.length, 0);
}

function isWithin(actual: number, expected: number, share: number): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(share);
}

describe('values uniform on [0, 1]', () => {
  it.each([
    { bidders: 2, without: 0.3333, optimal: 0.4166 },
    { bidders: 6, without: 0.7143, optimal: 0.7165 },
  ])('$bidders bidders bring $without without and $optimal with the reserve 0.5', ({ bidders, without, optimal }) => {
    const [plain, reserved] = revenues(bidders, [0, 0.5], (random) => random());
    isWithin(plain!, without, 0.01);
    isWithin(reserved!, optimal, 0.01);
    expect(reserved).toBeGreaterThan(plain!);
  });
});

describe('log-normal values', () => {
  const optimum = optimalLogNormalReserve(LOG_MEAN, LOG_DEVIATION);

  it('the optimal reserve is 67.0', () => {
    isWithin(optimum, 67, 0.001);
  });

  it.each([
    { bidders: 2, uplift: 0.164 },
    { bidders: 3, uplift: 0.044 },
    { bidders: 5, uplift: 0.006 },
  ])('$bidders bidders: it lifts revenue by the share $uplift', ({ bidders, uplift }) => {
    const [plain, reserved] = revenues(bidders, [0, optimum], logNormal);
    isWithin(reserved! / plain!, 1 + uplift, 0.01);
    expect(Math.abs(reserved! / plain! - 1 - uplift)).toBeLessThan(0.003);
  });
});

describe('estimators come near the optimum of their distribution', () => {
  function sample(draw: (random: () => number) => number): Float64Array {
    const random = seededRandom(11);
    return Float64Array.from({ length: 20_000 }, () => draw(random));
  }

  it.each([
    { name: 'exponential' as const, draw: (random: () => number) => -3 * Math.log(1 - random()), optimum: 3 },
    { name: 'uniform' as const, draw: (random: () => number) => 8 * random(), optimum: 4 },
    { name: 'log-normal' as const, draw: logNormal, optimum: 67 },
  ])('$name', ({ name, draw, optimum }) => {
    isWithin(RESERVE_ESTIMATORS[name](sample(draw), 20_000), optimum, 0.02);
  });

  it.each([
    {
      distribution: 'uniform',
      draw: (random: () => number) => 8 * random(),
      revenue: (r: number) => r * (1 - r / 8),
      optimum: 4,
    },
    {
      distribution: 'exponential',
      draw: (random: () => number) => -3 * Math.log(1 - random()),
      revenue: (r: number) => r * Math.exp(-r / 3),
      optimum: 3,
    },
  ])('empirical on $distribution values: its reserve earns within 1% of the best', ({ draw, revenue, optimum }) => {
    const reserve = RESERVE_ESTIMATORS.empirical(sample(draw), 20_000);
    isWithin(revenue(reserve), revenue(optimum), 0.01);
    isWithin(reserve, optimum, 0.1);
  });

  it('read only the first `count` values and leave them alone', () => {
    const values = Float64Array.of(3, 1, 2, 1000);
    for (const estimate of Object.values(RESERVE_ESTIMATORS)) {
      expect(estimate(values, 3)).toBeLessThan(10);
      expect(estimate(values, 0)).toBe(0);
    }
    expect([...values]).toEqual([3, 1, 2, 1000]);
  });

  it('ask exactly the value when all values are the same', () => {
    const values = new Float64Array(5).fill(4);
    expect(RESERVE_ESTIMATORS['log-normal'](values, 5)).toBeCloseTo(4, 6);
    expect(RESERVE_ESTIMATORS.empirical(values, 5)).toBe(4);
  });
});
