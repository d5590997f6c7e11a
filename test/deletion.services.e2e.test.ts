/** A user is deleted with PostgreSQL, Redis and Kafka behind the engine: each of them is looked into by a client of the test's own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { type PostgresTestDatabase, postgresTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { applyAllTopics } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import {
  ADMIN_TOKEN,
  ANN,
  askAdmin,
  BOB,
  beaconOf,
  CAP_SECRET,
  capKeyOf,
  certified,
  filesHolding,
  keyOf,
  PATIENCE_MS,
  rowsHolding,
  USER_SECRET,
} from './support/deletion-rig.ts';
import { freePort } from './support/free-port.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { bidding } from './support/scripted-dsp.ts';
import { startKafka, startPostgres, startRedis } from './support/services.ts';
import { type AdAnswer, adRequest, bannerImp, startTestGavel, type TestGavel } from './support/test-gavel.ts';
import { readTopic } from './support/topic-reader.ts';

const [postgres, redis] = [await startPostgres(), await startRedis()];
const kafka = postgres === null || redis === null ? null : await startKafka();
afterAll(async () => {
  for (const service of [kafka, redis, postgres]) await service?.stop();
});

let dataDirectory: string;
let test: PostgresTestDatabase;
let engine: TestGavel;
let adminUrl: string;
let topicPrefix: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-deletion-'));
  test = await postgresTestDatabases(postgres!.url)();
  topicPrefix = `test-${randomUUID()}.`;
});

afterEach(async () => {
  await engine.close();
  await test.dispose();
  await rm(dataDirectory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const port = await freePort();
  adminUrl = `http://127.0.0.1:${port}`;
  const kafkaConfig = { 'events.kafka.brokers': kafka!.url, 'events.kafka.topicPrefix': topicPrefix };
  const { events } = loadConfig({ file: null, environment: {}, overrides: kafkaConfig });
  await applyAllTopics(events.kafka, { partitions: 1, replicationFactor: -1, retentionMs: 604_800_000 });
  engine = await startTestGavel({
    dsps: { rival: bidding({ price: 1 }) },
    config: {
      ...kafkaConfig,
      'campaigns.enabled': true,
      'campaigns.databaseUrl': test.url,
      'campaigns.redisUrl': redis!.url,
      'campaigns.frequency.secret': CAP_SECRET,
      'campaigns.frequency.silentStore': 'allow',
      'campaigns.refreshIntervalMs': 100,
      'campaigns.pacingIntervalMs': 1000,
      'events.tracking.baseUrl': 'listening',
      'events.userSecret': USER_SECRET,
      'admin.port': port,
      'admin.token': ADMIN_TOKEN,
    },
    dataDirectory,
  });
}

let requests = 0;
const ask = (ifa: string): Promise<AdAnswer> =>
  engine.post(adRequest(`request-${requests++}`, { device: { ifa }, imp: [bannerImp('1', { bidfloor: 0.5 })] }));

/** Names and values, as somebody else reads them. */
async function redisHolds(text: string): Promise<boolean> {
  const probe = new Redis(redis!.url);
  try {
    for await (const keys of probe.scanStream({ count: 500 })) {
      for (const key of keys as string[]) if (key.includes(text)) return true;
    }
    return false;
  } finally {
    probe.disconnect();
  }
}

const kafkaHolding = async (text: string): Promise<number> =>
  (await readTopic(kafka!.url, eventsTopic(topicPrefix))).filter(
    ({ key, value }) => key?.includes(text) || value.includes(text),
  ).length;

/** As time does. */
async function forgetTopic(): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [kafka!.url], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = eventsTopic(topicPrefix);
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({
    topic,
    partitions: offsets.map(({ partition, high }) => ({ partition, offset: high })),
  });
  await admin.disconnect();
}

describe.skipIf(kafka === null)('with a PostgreSQL, a Redis and a Kafka, a user who is deleted', () => {
  it(
    'is nowhere once Kafka has forgotten; others are',
    async () => {
      await start();
      const caps = { frequencyCaps: [{ scope: 'campaign', count: 1000, period: 'day' }] };
      const ours = campaign({ delivery: 'asap', ...caps } as never);
      await engine.gavel.campaigns!.books.store.write(writesOf({ campaign: ours }), 'test');
      await eventually(async () => expect(isWonBy(await ask(ANN), 'line-1')).toBe(true), PATIENCE_MS / 4);
      await eventually(async () => expect(isWonBy(await ask(BOB), 'line-1')).toBe(true), PATIENCE_MS / 4);
      const late = await ask(ANN);
      await eventually(async () => {
        expect(await kafkaHolding(keyOf(ANN))).toBeGreaterThan(3);
        expect(await kafkaHolding(keyOf(BOB))).toBeGreaterThan(1);
      }, PATIENCE_MS / 4);
      expect([await redisHolds(capKeyOf(ANN)), await redisHolds(capKeyOf(BOB))]).toEqual([true, true]);
      const { body } = await askAdmin(adminUrl, '/admin/deletions', { kind: 'device', ids: [ANN] });
      await eventually(async () => {
        const { body: now } = await askAdmin(adminUrl, `/admin/deletions/${body.id}`);
        expect(now).toMatchObject({
          state: 'open',
          // The tables come behind all keepers, which may be before or behind the topic.
          waitsFor: expect.arrayContaining([
            expect.objectContaining({ store: 'kafka', why: expect.stringMatching(/^still holds \d+$/) }),
          ]),
        });
        const kafkaPart = now.stores.find(({ store }: { store: string }) => store === 'kafka');
        expect(kafkaPart).toMatchObject({ keeper: 'shared' });
        expect(kafkaPart.left).toBeGreaterThan(3);
      }, PATIENCE_MS / 4);
      expect(await filesHolding(dataDirectory, keyOf(ANN))).toEqual([]);
      expect([await redisHolds(capKeyOf(ANN)), await redisHolds(capKeyOf(BOB))]).toEqual([false, true]);

      await forgetTopic();
      expect((await fetch(beaconOf(late))).status).toBe(200);
      const { certificate } = await certified(adminUrl, body.id);
      expect(
        certificate.stores.map(({ store, left }: { store: string; left: number }) => [store, left]).sort(),
      ).toEqual([
        ['frequency-caps', 0],
        ['kafka', 0],
        ['segments', 0],
        ['tables', 0],
      ]);
      await ask(ANN);
      await eventually(async () => expect(await kafkaHolding('"type":"impression"')).toBe(1));
      expect(await kafkaHolding(keyOf(ANN))).toBe(0);
      for (const text of [ANN, keyOf(ANN), capKeyOf(ANN)]) {
        expect(await rowsHolding(test.database, text), text).toEqual([]);
        expect(await filesHolding(dataDirectory, text), text).toEqual([]);
        expect(await redisHolds(text), text).toBe(false);
      }
      expect(await filesHolding(dataDirectory, keyOf(BOB))).not.toEqual([]);
    },
    PATIENCE_MS,
  );
});
