import { expect, test } from 'vitest';
import { runWorld } from '../world/run-world.ts';
import { type WorldScenario, worldScenario } from '../world/scenario.ts';
import { compareWorlds } from './compare.ts';
import { formatComparison } from './table.ts';

/** On a busy machine. */
const TIMEOUT_MS = 120_000;

const scenario = worldScenario({ name: 'minute', durationSec: 60, market: { dsps: 3 } });

function compare(arms: readonly { readonly name: string; readonly scenario: WorldScenario }[]) {
  return compareWorlds({
    name: 'test',
    commit: 'c',
    command: 'again',
    arms,
    seeds: [1, 2],
    parallel: 1,
    run: (world, seed) => runWorld(world, { seed }),
  });
}

test(
  'an arm against itself differs in nothing',
  async () => {
    const record = await compare([
      { name: 'a', scenario },
      { name: 'b', scenario },
    ]);
    for (const { metric, differences } of record.metrics) {
      expect(differences, metric).toEqual([expect.objectContaining({ arm: 'b', mean: 0, lower: 0, upper: 0 })]);
    }
    expect(record.metrics.find(({ metric }) => metric === 'revenue')!.values[0]![0]).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'a floor that nobody reaches costs all revenue but that of deals, on the same requests',
  async () => {
    const floored = worldScenario({ ...scenario, engine: { floors: [{ floorCpmMicros: 900_000_000 }] } });
    const record = await compare([
      { name: 'open', scenario },
      { name: 'floored', scenario: floored },
    ]);
    const [example, other] = record.arms;
    expect(other!.example.totals.requests).toBe(example!.example.totals.requests);
    const revenue = record.metrics.find(({ metric }) => metric === 'revenue')!;
    expect(revenue.differences[0]!.relative).toBeLessThan(-0.8);
    const text = formatComparison(record);
    expect(text).toMatch(/0 in all worlds: advertiser-value, .*shed/);
    expect(text).not.toMatch(/^shed/m);
    expect(text).toMatch(/revenue \(exchange currency\) .* \(-9\d\.\d+%; /);
  },
  TIMEOUT_MS,
);
