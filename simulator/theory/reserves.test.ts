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
const DURATION_SEC = 400;
/** On a busy machine. */
const TIMEOUT_MS = 180_000;

it(
  'sells to two bidders for what theory says, without a reserve and with the best one',
  async () => {
    const { arms } = loadArms([SHIPPED]);
    const revenueOf = async (arm: string): Promise<number> => {
      const { scenario } = arms.find(({ name }) => name === arm)!;
      const { totals } = await runWorld({ ...scenario, durationSec: DURATION_SEC }, { seed: 1 });
      return totals.revenueNanos / NANOS_PER_CPM / totals.requests;
    };
    const [none, optimal] = [await revenueOf('none'), await revenueOf('optimal')];
    const without = secondPriceOutcome(VALUES, BIDDERS, 0).revenue;
    const withBest = secondPriceOutcome(VALUES, BIDDERS, optimalReserve(VALUES)).revenue;
    // A price deviates by most of its mean: 600 auctions know that to 3%.
    expect(distance(none, without)).toBeLessThan(0.1);
    expect(distance(optimal, withBest)).toBeLessThan(0.1);
    // Both of the same values: the uplift (16.4%) is known better than what it lifts.
    expect(Math.abs(optimal / none - withBest / without)).toBeLessThan(0.07);
  },
  TIMEOUT_MS,
);

function distance(simulated: number, expected: number): number {
  return Math.abs(simulated / expected - 1);
}
