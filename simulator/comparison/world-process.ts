/** Entry of a process that runs worlds of a comparison. */
import { serveJobs } from '../parallel/job-pool.ts';
import type { RunRecord } from '../world/run-record.ts';
import { runWorld } from '../world/run-world.ts';
import type { WorldScenario } from '../world/scenario.ts';

export interface WorldJob {
  readonly scenario: WorldScenario;
  readonly seed: number;
  /** Where the scenario is from. */
  readonly file: string;
}

serveJobs<WorldJob, RunRecord>(({ scenario, seed, file }) => runWorld(scenario, { seed, file }));
