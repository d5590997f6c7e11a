/** The same world in processes of their own, whose machines differ in what must not matter. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { RunRecord } from '../simulator/world/run-record.ts';
import { MAIN } from './support/gavel-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'gavel-world-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WORLD = `
name: processes
durationSec: 15
intervalSec: 5
settleSec: 2
cpuMsPerAuction: 5
market: { dsps: 3 }
regions: [{ name: home, engines: 2 }]
faults: [{ kind: process-down, target: home-1, fromSec: 5, forSec: 3 }]
`;

async function recordOf(file: string, environment: Readonly<Record<string, string>>): Promise<RunRecord> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [MAIN, 'simulate', '--world', file, '--seed', '11', '--json'],
    { env: { ...process.env, ...environment }, maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout);
}

it('gives one hash whatever process, time zone and language it runs in', async () => {
  const file = join(folder, 'world.yaml');
  writeFileSync(file, WORLD);
  const one = await recordOf(file, { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' });
  const other = await recordOf(file, { TZ: 'America/New_York', LC_ALL: 'C' });
  expect(other.traceHash).toBe(one.traceHash);
  expect(other).toEqual(one);
}, 60_000);
