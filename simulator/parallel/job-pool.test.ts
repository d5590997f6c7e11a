import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openJobPool } from './job-pool.ts';

/** Speaks as `serveJobs` does; plain JavaScript, which every runtime can fork. */
const ENTRY = `
process.on('disconnect', () => process.exit(0));
process.on('message', ({ job }) => {
  if (job === 'die') process.exit(3);
  process.send(job === 'fail' ? { failure: 'it failed' } : { result: { job, pid: process.pid } });
});`;

const entry = join(mkdtempSync(join(tmpdir(), 'gavel-pool-')), 'entry.mjs');
writeFileSync(entry, ENTRY);
const pools: { readonly close: () => void }[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function open(processes: number) {
  const pool = openJobPool<string, { readonly job: string; readonly pid: number }>(entry, processes);
  pools.push(pool);
  return pool;
}

test('all jobs are done, by no more processes than there may be', async () => {
  const pool = open(2);
  const jobs = Array.from({ length: 12 }, (_, index) => `job ${index}`);
  const results = await Promise.all(jobs.map(pool.run));
  expect(results.map(({ job }) => job)).toEqual(jobs);
  expect(new Set(results.map(({ pid }) => pid)).size).toBeLessThanOrEqual(2);
});

test('a job that fails, or takes its process with it, takes no other with it', async () => {
  const pool = open(1);
  const [failed, died, done] = await Promise.allSettled(['fail', 'die', 'live'].map(pool.run));
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'it failed' } });
  expect(died).toMatchObject({ status: 'rejected', reason: { message: 'a process ended in its work (3)' } });
  expect(done).toMatchObject({ status: 'fulfilled', value: { job: 'live' } });
});
