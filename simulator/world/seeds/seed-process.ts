/** Entry of a process that runs the worlds of seeds. */
import { serveJobs } from '../../parallel/job-pool.ts';
import { runSeed } from './run-seed.ts';
import type { SeedOutcome } from './seed-outcome.ts';

serveJobs<number, SeedOutcome>((seed) => runSeed(seed));
