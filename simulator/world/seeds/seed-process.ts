/** Entry of a process that runs the worlds of seeds, one after the other, as its parent (run-seeds.ts) asks for them. */
import { runSeed } from './run-seed.ts';
import type { SeedOutcome } from './seed-outcome.ts';

export interface ToSeedProcess {
  readonly seed: number;
}

export interface FromSeedProcess {
  readonly outcome: SeedOutcome;
}

process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole process group: the parent tells what was found, then ends this one.
process.on('SIGINT', () => {});
process.on('message', ({ seed }: ToSeedProcess) => {
  void runSeed(seed).then((outcome) => process.send?.({ outcome } satisfies FromSeedProcess));
});
