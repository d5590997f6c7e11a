import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type JobPoolOptions, openJobPool } from './job-pool.ts';

/** Speaks as `serveJobs` does; plain JavaScript, which every runtime can fork. */
const ENTRY = `
process.on('disconnect', () => process.exit(0));
process.on('message', ({ job }) => {
  if (job === 'die') process.exit(3);
  if (job === 'hang') return;
  process.send(job === 'fail' ? { failure: 'it failed' } : { result: { job, pid: process.pid } });
});`;

const entry = join(mkdtempSync(join(tmpdir(), 'gavel-pool-')), 'entry.mjs');
writeFileSync(entry, ENTRY);
const pools: { readonly close: () => void }[] = [];
afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

function open(processes: number, more: Omit<JobPoolOptions, 'processes'> = {}) {
  const pool = openJobPool<string, { readonly job: string; readonly pid: number }>(entry, { processes, ...more });
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

test('a job that takes too long is given up, and another process goes on', async () => {
  const pool = open(1, { jobMsMax: 5_000 });
  const first = await pool.run('first');
  const [hung, done] = await Promise.allSettled(['hang', 'live'].map(pool.run));
  expect(hung).toMatchObject({ status: 'rejected', reason: { message: 'it did not end within 5 s of real time' } });
  expect(done).toMatchObject({ status: 'fulfilled', value: { job: 'live' } });
  expect((done as { value: { pid: number } }).value.pid).not.toBe(first.pid);
}, 30_000);

test('a process does so many jobs, then a fresh one goes on', async () => {
  const pool = open(1, { jobsPerProcess: 2 });
  const results = await Promise.all(['1', '2', '3', '4', '5'].map(pool.run));
  const pids = results.map(({ pid }) => pid);
  expect(pids.map((pid) => pids.indexOf(pid))).toEqual([0, 0, 2, 2, 4]);
});
