import { expect, test } from 'vitest';
import { runSeed } from '../run-seed.ts';
import { isFailed } from '../seed-outcome.ts';
import { describeFailure, SeedTally } from '../seed-tally.ts';

/** So many worlds from this seed on: each drawn, run and judged. */
export function expectSeedsHold(fromSeed: number, seeds: number): void {
  test(`worlds of seeds ${fromSeed} to ${fromSeed + seeds - 1}`, { timeout: 300_000, retry: 0 }, async () => {
    const tally = new SeedTally();
    for (let seed = fromSeed; seed < fromSeed + seeds; seed++) {
      const outcome = await runSeed(seed);
      tally.add(outcome);
      expect(isFailed(outcome) ? describeFailure(outcome) : '').toBe('');
    }
    // A check that has judged nothing has proved nothing.
    expect(tally.checks.filter(({ judged }) => judged === 0)).toEqual([]);
  });
}
