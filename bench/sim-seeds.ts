/** How many drawn worlds a process runs and judges in a minute (docs/worlds.md): what a night of seeds comes to. */
import { runSeed } from '../simulator/world/seeds/run-seed.ts';
import type { BenchContext, Measurement } from './measurement.ts';

export const SEED_NAMES = ['sim.seeds_per_min'] as const;

const SEEDS_PER_SECOND_OF_SCALE = 4;

export async function measureSimSeeds({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const seeds = Math.ceil(scale.seconds * SEEDS_PER_SECOND_OF_SCALE);
  // Compiled by then.
  await runSeed(seed);
  const startedAtMs = performance.now();
  for (let index = 0; index < seeds; index++) {
    const { checks, problem } = await runSeed(seed + index);
    const violations = checks.flatMap(({ violations: texts }) => texts);
    if (problem !== null || violations.length > 0)
      progress(`  seed ${seed + index}: ${problem ?? violations.join('; ')}`);
  }
  const minutes = (performance.now() - startedAtMs) / 60_000;
  return [{ name: SEED_NAMES[0], value: seeds / minutes, unit: 'seeds/min' }];
}
