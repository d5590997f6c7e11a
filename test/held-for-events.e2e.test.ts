/** Outages that are longer than money is held: every impression that was answered is billed, and its money is sold once. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkLedger } from '../adapters/ledger/checks.ts';
import { type PostgresTestDatabase, postgresTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { applyAllTopics, type RunningConsumer, startEventConsumer } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { LISTENING } from '../config/tracking.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { startOwnKafka, startPostgres } from './support/services.ts';
import { adRequest, bannerImp, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const postgres = await startPostgres();
const kafka = postgres === null ? null : await startOwnKafka();
afterAll(async () => {
  await kafka?.stop();
  await postgres?.stop();
});

const PRICE_NANOS = 2_000_000;
const BUDGET_IMPRESSIONS = 10;
const HELD_MS = 1000;
/** A hold, the time that engines have to say that events wait, and two sweeps. */
const LONGER_THAN_HELD_MS = HELD_MS + 5000 + 2 * 5000 + 1000;
const PATIENCE_MS = 60_000;

describe.skipIf(kafka === null)('an outage that is longer than money is held', () => {
  let test: PostgresTestDatabase;
  let config: Record<string, unknown>;
  let gavel: TestGavel;
  let consumer: RunningConsumer | null = null;
  /** Of auctions whose impression was answered. */
  let shown: string[];

  beforeEach(async () => {
    test = await postgresTestDatabases(postgres!.url)();
    shown = [];
    config = {
      'campaigns.enabled': true,
      'campaigns.databaseUrl': test.url,
      'campaigns.refreshIntervalMs': 50,
      'campaigns.pacingIntervalMs': 1000,
      'campaigns.held.bannerMs': HELD_MS,
      'events.kafka.brokers': kafka!.url,
      'events.kafka.topicPrefix': `${randomUUID().slice(0, 8)}.`,
      'events.tracking.baseUrl': LISTENING,
    };
    const { events } = loadConfig({ file: null, environment: {}, overrides: config });
    await applyAllTopics(events.kafka, { partitions: 2, replicationFactor: -1, retentionMs: 604_800_000 });
    gavel = await startTestGavel({ config });
    const budgetNanos = BigInt(BUDGET_IMPRESSIONS * PRICE_NANOS);
    await gavel.gavel.campaigns!.books.store.write(
      writesOf({ campaign: campaign({ delivery: 'asap', budgetNanos }) }),
      'test',
    );
  }, PATIENCE_MS);

  afterEach(async () => {
    await gavel.close();
    await consumer?.close();
    consumer = null;
    await test.dispose();
  });

  async function startConsumer(): Promise<void> {
    const overrides = { ...config, dataDirectory: gavel.dataDirectory, 'log.level': 'silent' };
    consumer = await startEventConsumer(loadConfig({ file: null, environment: {}, overrides }), {
      consumers: ['billing'],
      fromStart: false,
    });
  }

  /** Whether an ad was won and its impression answered. */
  async function isShown(): Promise<boolean> {
    const answer = await gavel.post(adRequest(randomUUID(), { imp: [bannerImp('1', { bidfloor: 1.9 })] }));
    if (!isWonBy(answer, 'line-1')) return false;
    const [url] = /http[^"'<>\s]+\/event\?t=[\w-]+/.exec(bidsOf(answer)[0]!.adm!)!;
    expect((await fetch(url)).status).toBe(200);
    shown.push(answer.body.bidid!);
    return true;
  }

  async function show(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      await eventually(async () => expect(await isShown()).toBe(true));
    }
  }

  /** By the clock that ends holds, with auctions all the time. */
  async function sellOn(forMs: number): Promise<void> {
    const now = async () =>
      (await test.database.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms'))[0]!;
    const untilMs = Number((await now()).ms) + forMs;
    while (Number((await now()).ms) < untilMs) await isShown();
  }

  async function expectAllBilledOnce(): Promise<void> {
    const keys = shown.map((auction) => `${auction}/1/impression`);
    await eventually(async () => {
      const billed = await test.database.query(`SELECT key, state FROM charge WHERE state IN ('billed', 'absorbed')`);
      expect(billed).toHaveLength(keys.length);
      expect(billed.map(({ state }) => state)).toEqual(keys.map(() => 'billed'));
      expect(new Set(billed.map(({ key }) => key))).toEqual(new Set(keys));
    }, PATIENCE_MS);
    expect(shown.length).toBeLessThanOrEqual(BUDGET_IMPRESSIONS + 1);
    expect(await checkLedger(test.database)).toEqual([]);
  }

  it('of the consumer, which has never run', async () => {
    await show(8);
    await sellOn(LONGER_THAN_HELD_MS);
    await startConsumer();
    await expectAllBilledOnce();
  }, 120_000);

  it('of Kafka', async () => {
    await startConsumer();
    await show(2);
    await kafka!.kill();
    await show(6);
    await sellOn(LONGER_THAN_HELD_MS);
    await kafka!.restart();
    await expectAllBilledOnce();
  }, 180_000);
});
