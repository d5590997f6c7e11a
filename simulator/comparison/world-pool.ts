import { fileURLToPath } from 'node:url';
import { besideModule, type JobPool, openJobPool } from '../parallel/job-pool.ts';
import type { RunRecord } from '../world/run-record.ts';
import type { WorldJob } from './world-process.ts';

/** Runs worlds, `workers` at a time. */
export function openWorldPool(workers: number): JobPool<WorldJob, RunRecord> {
  return openJobPool(fileURLToPath(besideModule(import.meta.url, 'world-process')), { processes: workers });
}
