/** Counters from Kafka into Redis, by consumers that share the partitions, come and go; read by an engine that has counted nothing. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { systemTimers } from '../adapters/clock.ts';
import { openRedisCounterStore } from '../adapters/counters/counter-store.redis.ts';
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { applyTopics, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { startEventConsumer } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE } from '../engine/events/testing/build-events.ts';
import { freePort } from './support/free-port.ts';
import { hasRedisServer, startKafka, startRedis } from './support/services.ts';

const kafka = hasRedisServer ? await startKafka() : null;
const redis = kafka === null ? null : await startRedis(await freePort());
afterAll(async () => {
  await kafka?.stop();
  await redis?.stop();
});

const EVENTS = 1200;
const PATIENCE = { timeout: 60_000, interval: 50 };

describe.skipIf(kafka === null || redis === null)('counters from Kafka (needs a Kafka and redis-server)', () => {
  it('count each event once, whoever has its partition, and again when Redis was emptied', async () => {
    const topicPrefix = `test-${randomUUID()}.`;
    const connection = {
      ...{ brokers: [kafka!.url], clientId: 'test', tls: null, sasl: null, requestTimeoutMs: 10_000 },
    };
    const topic = { name: eventsTopic(topicPrefix), partitions: 3, replicationFactor: -1, retentionMs: 86_400_000 };
    await applyTopics(connection, [topic], () => {});
    const sender = createKafkaSender({
      ...{ connection, topic: topic.name, compression: 'gzip', timers: systemTimers, onLog: () => {} },
    });
    const soldAtMs = Date.now();
    const events = Array.from({ length: EVENTS }, (_, at) => {
      const event = buildOutcome('impression', {
        auctionId: `a${at}`,
        atMs: soldAtMs,
        sale: { ...DSP_SALE, soldAtMs },
      });
      return { id: `log:${at}`, key: `user-${at % 50}`, type: 'impression', payload: encodeEvent(event) };
    });
    const overrides = {
      'log.level': 'silent',
      'events.kafka.brokers': kafka!.url,
      'events.kafka.topicPrefix': topicPrefix,
      'counters.redisUrl': redis!.url,
    };
    const config = loadConfig({ file: null, environment: {}, overrides });
    const start = () => startEventConsumer(config, { consumers: ['counters'], fromStart: false });
    const reader = await openRedisCounterStore({
      ...{ url: redis!.url, keyPrefix: 'gavel:', source: '', commandTimeoutMs: 5000, onError: () => {} },
      ...{ keptMs: 3_600_000, thingsMax: 1000, rememberedMax: 1000 },
    });
    const counted = async (): Promise<number> => {
      const period = { fromMs: soldAtMs - 60_000, toMs: soldAtMs + 60_000 };
      return (await reader.readAll('dsp', period)).get('dsp-1')?.impression ?? 0;
    };

    const first = await start();
    await sender.send(events.slice(0, 600));
    // What a lost acknowledgement leads to.
    await sender.send(events.slice(500, 600));
    await expect.poll(counted, PATIENCE).toBe(600);
    const second = await start();
    await sender.send(events.slice(600, 900));
    await expect.poll(counted, PATIENCE).toBe(900);
    await first.close();

    const admin = new Redis(redis!.url);
    await admin.flushall();
    admin.disconnect();
    await sender.send(events.slice(900));
    await expect.poll(counted, PATIENCE).toBe(EVENTS);
    await second.close();
    await sender.close();
    await reader.close();
  }, 180_000);
});
