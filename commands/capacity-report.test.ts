import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { report } from './report.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
let printed: string;
let told: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-capacity-'));
  [printed, told] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it('plans three sizes when nobody says', async () => {
  await report(['capacity']);
  expect(printed).toMatch(/^auctions\/s +10,000 +100,000 +1,000,000\n/);
  expect(told).toBe('');
});

it('plans by the figures of a bench, and says which it lacks', async () => {
  const path = join(folder, 'figures');
  const figures = [5, 50].map((calls) => ({ name: `fanout.cpu_us.engine.${calls}`, value: 100 * calls, unit: 'us' }));
  writeFileSync(path, figures.map((figure) => `${JSON.stringify(figure)}\n`).join(''));
  await report(['capacity', '--measurements', path, '--auctions-per-sec', '500', '--calls', '20', '--json']);
  const { costs, workload, plans } = JSON.parse(printed);
  expect(costs).toMatchObject({ auctionFixedUs: 0, callUs: 100 });
  expect(workload).toMatchObject({ callsPerAuction: 20, coresPerMachine: 16 });
  expect(plans).toHaveLength(1);
  expect(plans[0]).toMatchObject({ auctionsPerSec: 500, dsps: { callsPerSec: 10_000, callsPerSecPerDsp: 200 } });
  expect(told).toMatch(/not in the measurements.*events\.ledger_rate/);
});

it.each([
  ['--auctions-per-sec 0', /--auctions-per-sec must be a whole number/],
  ['--auctions-per-sec 10,many', /is "many"/],
  ['--calls 51', /--calls must be a whole number from 1 to 50/],
  ['--regions 0.5,0.4', /--regions must be shares above 0 that sum to 1/],
  ['--regions 1.5,-0.5', /--regions/],
  ['--utilisation 0', /--utilisation must be above 0/],
  ['--utilisation 1.2', /--utilisation must be a number from 0 to 1/],
  ['--measurements /none', /--measurements: \/none cannot be read: ENOENT/],
])('refuses %s', async (line, problem) => {
  const error = await report(['capacity', ...line.split(' ')]).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(problem);
});
