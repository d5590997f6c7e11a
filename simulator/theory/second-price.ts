/**
 * What a second-price auction brings by theory: n bidders who bid their values, drawn one from the other independently,
 * above a reserve. Beside it stand simulated auctions.
 */
export interface ValueDistribution {
  /** Values between which all but a part of 1e-15 lies. */
  readonly lowest: number;
  readonly highest: number;
  /** Probability of a value up to this one. */
  cdf(value: number): number;
  density(value: number): number;
}

export interface SecondPriceOutcome {
  /** Expected price by auction, unsold ones included. */
  readonly revenue: number;
  /** Probability that the auction sells. */
  readonly fill: number;
}

/** Values anywhere from 0 to 1. */
export const uniformValues: ValueDistribution = {
  lowest: 0,
  highest: 1,
  cdf: (value) => Math.min(Math.max(value, 0), 1),
  density: (value) => (value >= 0 && value <= 1 ? 1 : 0),
};

/** Values whose logarithm is normal. */
export function logNormalValues(mean: number, deviation: number): ValueDistribution {
  const standard = (value: number): number => (Math.log(value) - mean) / deviation;
  return {
    lowest: Math.exp(mean - 8 * deviation),
    highest: Math.exp(mean + 8 * deviation),
    cdf: (value) => (value <= 0 ? 0 : normalCdf(standard(value))),
    density: (value) =>
      value <= 0 ? 0 : Math.exp(-(standard(value) ** 2) / 2) / (value * deviation * Math.sqrt(2 * Math.PI)),
  };
}

/**
 * The winner pays the reserve or the second value, whichever is higher. So revenue = reserve x P(highest above it)
 * + integral from there of P(second value above v).
 */
export function secondPriceOutcome(values: ValueDistribution, bidders: number, reserve: number): SecondPriceOutcome {
  const fill = 1 - values.cdf(reserve) ** bidders;
  const secondAbove = (value: number): number => {
    const below = values.cdf(value);
    return 1 - bidders * below ** (bidders - 1) + (bidders - 1) * below ** bidders;
  };
  const from = Math.max(reserve, 0);
  return { revenue: from * fill + integral(secondAbove, from, Math.max(values.highest, from)), fill };
}

/**
 * The reserve that brings most, whatever the number of bidders (Myerson): where value = (1 - cdf) / density. The
 * distribution must be regular, as both here are.
 */
export function optimalReserve(values: ValueDistribution): number {
  let [low, high] = [values.lowest, values.highest];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    if (middle * values.density(middle) < 1 - values.cdf(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Panels of Simpson's rule: errors below 1e-9 of the revenues here. */
const PANELS = 20_000;

/** Steps grow with the third power of the way from `from`: values are dense there, and thin far out. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const width = to - from;
  const slice = (t: number): number => f(from + width * t ** 3) * 3 * t * t;
  let sum = slice(0) + slice(1);
  for (let at = 1; at < PANELS; at++) sum += slice(at / PANELS) * (at % 2 === 0 ? 2 : 4);
  return (sum * width) / (3 * PANELS);
}

/** Marsaglia's series (J. Stat. Soft. 11, 2004): full precision for |z| < 7, where all that matters here lies. */
function normalCdf(z: number): number {
  if (z < -8) return 0;
  if (z > 8) return 1;
  let [term, sum, before] = [z, z, Number.NaN];
  for (let odd = 3; sum !== before; odd += 2) {
    before = sum;
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-(z * z) / 2 - 0.918_938_533_204_672_8);
}
