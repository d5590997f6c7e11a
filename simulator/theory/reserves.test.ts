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

it('sells to two bidders for what theory says, without a reserve and with the best one; a learned one comes near', async () => {
  const { arms } = loadArms([SHIPPED]);
  const brought = new Map<string, number>();
  for (const { name, scenario } of arms) {
    const { totals } = await runWorld({ ...scenario, durationSec: 1_200 }, { seed: 1 });
    brought.set(name, totals.revenueNanos / NANOS_PER_CPM / totals.requests);
  }
  const reserve = optimalReserve(VALUES);
  const without = secondPriceOutcome(VALUES, BIDDERS, 0).revenue;
  const withIt = secondPriceOutcome(VALUES, BIDDERS, reserve).revenue;
  // A price deviates by most of its mean: 1800 auctions know that to 2%.
  expect(distance(brought.get('none')!, without)).toBeLessThan(0.06);
  expect(distance(brought.get('optimal')!, withIt)).toBeLessThan(0.06);
  // Both of the same values: the uplift is known better than either.
  const uplift = withIt / without - 1;
  const upliftOf = (arm: string): number => brought.get(arm)! / brought.get('none')! - 1;
  expect(Math.abs(upliftOf('optimal') - uplift)).toBeLessThan(0.04);
  // A quarter of the time it learns.
  expect(upliftOf('learned')).toBeGreaterThan(uplift / 3);
});

function distance(simulated: number, expected: number): number {
  return Math.abs(simulated / expected - 1);
}
