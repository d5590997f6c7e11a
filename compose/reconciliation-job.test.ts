/** Hours that are reconciled by themselves, over a real database and archive, under a clock of the test's. */
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pgliteTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { FEE_PPM, START_MS } from '../adapters/ledger/testing/world.ts';
import { createLog } from '../adapters/log.ts';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import { HOUR_MS, ReconciliationWorld } from '../adapters/reconciliation/testing/reconciliation-world.ts';
import { loadConfig } from '../config/load.ts';
import { buildOutcome, DSP_SALE } from '../engine/events/testing/build-events.ts';
import { createParts, type Parts } from './parts.ts';
import { openReconciliation } from './reconciliation-job.ts';

const MINUTE_MS = 60_000;
const databases = pgliteTestDatabases();
let world: ReconciliationWorld;
let parts: Parts;
let timers: ManualTimers;
let nowMs: number;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  world = await ReconciliationWorld.open(await databases());
  timers = new ManualTimers();
  nowMs = START_MS + HOUR_MS + 5 * MINUTE_MS;
  const overrides = {
    dataDirectory: world.archive.folder,
    'archive.folder': world.archive.folder,
    'campaigns.feePpm': FEE_PPM,
  };
  const config = loadConfig({ file: null, environment: {}, overrides });
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  parts = createParts(config, { clock, timers, log: createLog('silent') }, (close) => closing.push(close));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await world.dispose();
});
afterAll(() => databases.stop());

async function metric(name: string): Promise<number | undefined> {
  const values = (await parts.metrics.snapshot()).find((found) => found.name === name)?.values;
  return values?.reduce((sum, { value }) => sum + value, 0);
}

/** Once the hours that are due have been looked at. */
async function aMinuteLater(): Promise<void> {
  nowMs += MINUTE_MS;
  timers.advance(MINUTE_MS);
  await vi.waitFor(() => expect(timers.isIdle).toBe(false), { timeout: 60_000 });
}

it('looks at each hour once it is over, says what differs, and looks again until nothing does', async () => {
  const sale = { ...DSP_SALE, amount: 1500, soldAtMs: START_MS };
  const ofDsp = (auctionId: string) => buildOutcome('impression', { auctionId, sale, atMs: START_MS });
  await world.takeBoth(ofDsp('a'), ofDsp('b'));
  const kept = "SELECT * FROM dsp_transfer WHERE key = 'a/1/impression'";
  await world.tamper(`CREATE TABLE kept AS ${kept}; DELETE FROM dsp_transfer WHERE key = 'a/1/impression'`);
  const error = vi.spyOn(parts.log, 'error');

  openReconciliation(parts, world.database);
  expect(await metric('rtb_ledger_reconciled_until_seconds')).toBe(0);
  await aMinuteLater();
  expect(await metric('rtb_ledger_reconciled_until_seconds')).toBe((START_MS + HOUR_MS) / 1000);
  // 1,500 nanos, rounded up.
  expect(await metric('rtb_ledger_unreconciled_micros')).toBe(2);
  expect(await metric('rtb_ledger_unreconciled_charges')).toBe(1);
  expect(error).toHaveBeenCalledWith(
    expect.objectContaining({
      hour: new Date(START_MS).toISOString(),
      largest: [{ key: 'a/1/impression', verdict: 'missing-in-ledger' }],
    }),
    expect.stringContaining('books and archive differ'),
  );

  await world.tamper(`INSERT INTO dsp_transfer OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept`);
  await aMinuteLater();
  expect(await metric('rtb_ledger_unreconciled_micros')).toBe(0);
  expect(await metric('rtb_ledger_unreconciled_charges')).toBe(0);
  expect(await metric('rtb_reconciliation_failures_total')).toBe(0);
}, 120_000);

it('an hour that cannot be looked at waits', async () => {
  const failing = { query: () => Promise.reject(new Error('away')), script: async () => {} };
  openReconciliation(parts, failing);
  await aMinuteLater();
  expect(await metric('rtb_reconciliation_failures_total')).toBeGreaterThan(0);
  expect(await metric('rtb_ledger_reconciled_until_seconds')).toBe(0);
}, 120_000);
