/** The product's auctions in a world, beside what theory says that they bring. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadArms } from '../comparison/arms.ts';
import { runWorld } from '../world/run-world.ts';
import { logNormalValues, optimalReserve, secondPriceOutcome } from './second-price.ts';

const SHIPPED = join(import.meta.dirname, '../../config/examples/comparisons/reserves-2-bidders.yaml');
/** As in config/examples/scenarios/independent.yaml. */
const VALUES = logNormalValues(0, 0.912);
/** A price per mille is so many nanos for each of the thousand. */
const NANOS_PER_CPM = 1_000_000;
const BIDDERS = 2;
const DURATION_SEC = 600;
/** On a busy machine. */
const TIMEOUT_MS = 120_000;
/** Learns within the first of the ten minutes. */
const QUICK = { observationsMin: 100, stepIntervalMs: 2_000 };

it(
  'sells to two bidders for what theory says: without a reserve, with the best one, and nearly so with a learned one',
  async () => {
    const { arms } = loadArms([SHIPPED]);
    const brought = new Map<string, number>();
    for (const { name, scenario } of arms) {
      const learnedReserve = scenario.engine.learnedReserve as object;
      const engine = { ...scenario.engine, learnedReserve: { ...learnedReserve, ...QUICK } };
      const { totals } = await runWorld({ ...scenario, durationSec: DURATION_SEC, engine }, { seed: 1 });
      brought.set(name, totals.revenueNanos / NANOS_PER_CPM / totals.requests);
    }
    const without = secondPriceOutcome(VALUES, BIDDERS, 0).revenue;
    const withBest = secondPriceOutcome(VALUES, BIDDERS, optimalReserve(VALUES)).revenue;
    // A price deviates by most of its mean: 900 auctions know that to 3%.
    expect(distance(brought.get('none')!, without)).toBeLessThan(0.08);
    expect(distance(brought.get('optimal')!, withBest)).toBeLessThan(0.08);
    // All of the same values: an uplift is known better than what it lifts.
    const uplift = withBest / without - 1;
    const upliftOf = (arm: string): number => brought.get(arm)! / brought.get('none')! - 1;
    expect(Math.abs(upliftOf('optimal') - uplift)).toBeLessThan(0.05);
    expect(upliftOf('learned')).toBeGreaterThan(uplift / 2);
  },
  TIMEOUT_MS,
);

function distance(simulated: number, expected: number): number {
  return Math.abs(simulated / expected - 1);
}
