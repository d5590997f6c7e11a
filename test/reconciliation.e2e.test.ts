/** A real engine sells, books and archives; then `gavel reconcile`, before and after somebody has changed a row. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDatabaseOf, postgresTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { startEventConsumer } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import { IS_BUILT, runGavel } from './support/gavel-process.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { metricOf } from './support/metric.ts';
import { bidding, type Script } from './support/scripted-dsp.ts';
import { startPostgres } from './support/services.ts';
import {
  type AdAnswer,
  adRequest,
  bannerImp,
  bidsOf,
  readStoredEvents,
  startTestGavel,
  type TestGavel,
} from './support/test-gavel.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

const ASKED = 240;
const PARALLEL = 8;
/** With the start of a PGlite, beside other tests. */
const RUN_MS_MAX = 60_000;

let dataDirectory: string;
let gavel: TestGavel | null = null;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-reconciliation-'));
});

afterEach(async () => {
  await gavel?.close();
  gavel = null;
  await rm(dataDirectory, { recursive: true });
});

/** Half to our own campaign, half to the DSP; most are shown, some twice, some are reported, some are tests. */
async function sell(engine: TestGavel): Promise<number> {
  const houseWrites = writesOf({ campaign: campaign({ delivery: 'asap' }) });
  await engine.gavel.campaigns!.books.store.write(houseWrites, 'test');
  await eventually(async () => expect(isWonBy(await ask(engine, 2), 'line-1')).toBe(true));
  const told = { paid: 0 };
  for (let from = 0; from < ASKED; from += PARALLEL) {
    await Promise.all(Array.from({ length: PARALLEL }, (_, at) => sellOne(engine, from + at, told)));
  }
  return told.paid;
}

/** Bids little, but for what is dear for the others. */
const rival: Script = (request, response) =>
  bidding({ price: (request.imp[0]!.bidfloor ?? 0) > 2 ? 3 : 1 })(request, response);

let asked = 0;
const ask = (engine: TestGavel, at: number): Promise<AdAnswer> =>
  engine.post(
    adRequest(`r${asked++}`, {
      imp: [bannerImp('1', at % 2 === 0 ? {} : { bidfloor: 2.5 })],
      ...(at % 20 === 0 ? { test: 1 } : {}),
    }),
  );

async function sellOne(engine: TestGavel, at: number, told: { paid: number }): Promise<void> {
  const answer = await ask(engine, at);
  const [bid] = bidsOf(answer);
  const beacon = bid?.adm?.match(/https?:\/\/[^\s"'<>]+\/event\?t=[A-Za-z0-9_-]+/)?.[0];
  if (beacon === undefined || at % 7 === 0) return;
  if (at % 12 === 6) {
    const outcome = { auctionId: answer.body.bidid!, impId: '1', type: 'impression', atMs: null } as const;
    await engine.gavel.reportOutcomes([outcome]);
    return;
  }
  for (let times = at % 10 === 0 ? 2 : 1; times > 0; times -= 1) {
    expect((await fetch(beacon)).status).toBe(200);
  }
  if (at % 20 !== 0) told.paid += 1;
}

async function sellAndArchive(databaseUrl: string): Promise<number> {
  const overrides = {
    'campaigns.enabled': true,
    'campaigns.databaseUrl': databaseUrl,
    'campaigns.refreshIntervalMs': 50,
    'campaigns.pacingIntervalMs': 1000,
    'events.tracking.baseUrl': 'listening',
    'archive.flushMs': 100,
  };
  gavel = await startTestGavel({ dsps: { rival }, config: overrides, dataDirectory });
  const paid = await sell(gavel);
  const { url } = gavel;
  const billed = () => metricOf(url, 'rtb_events_billed_total', { result: 'billed' });
  await eventually(async () => expect(await billed()).toBe(paid));
  await gavel.close();
  gavel = null;
  await archiveAll(overrides);
  return paid;
}

async function archiveAll(overrides: Record<string, unknown>): Promise<void> {
  const config = loadConfig({
    file: null,
    environment: {},
    overrides: { ...overrides, dataDirectory, 'log.level': 'silent' },
  });
  const consumer = await startEventConsumer(config, { consumers: ['archive'], fromStart: false });
  const { length } = await readStoredEvents(dataDirectory);
  await eventually(async () => {
    const written = (await consumer.metrics()).find(({ name }) => name === 'rtb_archive_events_total');
    expect(written?.values[0]?.value).toBe(length);
  });
  await consumer.close();
}

interface Document {
  readonly reconciled: boolean;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly differences: readonly object[];
  readonly totals: readonly { readonly due: string; readonly booked: string; readonly party: string }[];
}

async function reconcile(databaseUrl: string): Promise<Document & { readonly code: number | null }> {
  const args = ['reconcile', '--data', dataDirectory, '--format', 'json'];
  const { code, stdout, stderr } = await runGavel(args, { GAVEL_CAMPAIGNS_DATABASE_URL: databaseUrl }, RUN_MS_MAX);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Document) };
}

async function provesItself(databaseUrl: string, open: () => Promise<Database>): Promise<void> {
  const paid = await sellAndArchive(databaseUrl);
  expect(paid).toBeGreaterThan(150);
  const clean = await reconcile(databaseUrl);
  expect(clean).toMatchObject({ code: 0, reconciled: true, differences: [] });
  // What was reported has left its event, and is as good as told by a URL.
  expect(clean.verdicts).toEqual({ agreed: expect.any(Number) });
  const agreed = clean.verdicts.agreed!;
  expect(agreed).toBeGreaterThan(paid);
  expect(clean.totals.map(({ party }) => party)).toEqual(['advertiser', 'dsp', 'exchange', 'publisher']);
  for (const { due, booked } of clean.totals) expect(booked).toBe(due);
  const database = await open();
  const [row] = await database.query<{ key: string }>(
    "SELECT key FROM dsp_transfer WHERE kind = 'bill' ORDER BY id LIMIT 1",
  );
  await database.script(`ALTER TABLE dsp_transfer DISABLE TRIGGER append_only;
    UPDATE dsp_transfer SET amount = amount + 1 WHERE key = '${row!.key}'`);
  await database.close();
  const after = await reconcile(databaseUrl);
  expect(after).toMatchObject({ code: 1, reconciled: false, verdicts: { agreed: agreed - 1, 'other-amount': 1 } });
  expect(after.differences).toEqual([
    expect.objectContaining({ key: row!.key, verdict: 'other-amount', atStake: '0.000000001' }),
  ]);
}

describe.runIf(IS_BUILT)('gavel reconcile', () => {
  it('finds the one row that was changed, in PGlite', async () => {
    await provesItself('', () => openPgliteDatabase(join(dataDirectory, 'campaigns')));
  }, 180_000);

  it.skipIf(postgres === null)(
    'finds the one row that was changed, in PostgreSQL',
    async () => {
      const test = await postgresTestDatabases(postgres!.url)();
      try {
        await provesItself(test.url, async () => openDatabaseOf(test.url));
      } finally {
        await test.dispose();
      }
    },
    120_000,
  );
});
