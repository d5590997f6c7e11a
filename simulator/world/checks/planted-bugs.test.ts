/** The checks can fail: bugs that are planted into drawn worlds are found by the check that is meant for them. */
import { expect, test } from 'vitest';
import { runSeed } from '../seeds/run-seed.ts';
import { PLANTED_BUGS } from './testing/planted-bugs.ts';

/** All are found within so many; docs/worlds.md says after how many each was. */
const SEEDS_MAX = 20;

test.each(PLANTED_BUGS)('$name is found by $check', { timeout: 120_000 }, async ({ plant, check }) => {
  const found: string[] = [];
  for (let seed = 0; seed < SEEDS_MAX && found.length === 0; seed++) {
    const { checks, problem } = await runSeed(seed, { plant });
    expect(problem).toBeNull();
    found.push(...checks.filter(({ id }) => id === check).flatMap(({ violations }) => violations));
  }
  expect(found).not.toEqual([]);
});
