/** How far counters in a Redis are behind 10,000 events a second, and what counting costs: `REDIS_URL` says where it is. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { openRedisCounterStore } from '../adapters/counters/counter-store.redis.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { createEmbeddedSource } from '../adapters/event-log/event-source.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { CountingConsumer } from '../engine/events/counting-consumer.ts';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { adTraffic, shuffled } from '../engine/events/testing/event-traffic.ts';
import { envelopeOf } from '../engine/exchange/event-envelope.ts';
import type { CounterStore } from '../engine/ports/counter-store.ts';
import type { SourcedEvent } from '../engine/ports/event-source.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median, percentile } from './measurement.ts';
import { redisCpuUs, removeKeys } from './redis-side.ts';

export const COUNTER_NAMES = [
  'events.counter_lag_ms',
  'events.counter_rate',
  'events.counter_cpu_us',
  'redis.counter_us',
];

const EVENTS_PER_SECOND = 10_000;
const TICK_MS = 10;
const DUPLICATE_SHARE = 0.05;
const EVENTS_PER_AD = 2.2;
const BATCH_EVENTS = 2000;
/** As is configured by default. */
const BOUNDS = { keptMs: 3_600_000, thingsMax: 1000, rememberedMax: 1_000_000 };
const CAMPAIGNS = 500;
const CREATIVES = 2000;
const PLACEMENTS = 300;
const LEASES = Array.from({ length: 64 }, (_, at) => ({ accountId: `account-${at}`, epoch: 1, sequence: 1 }));

/** Read, checked against their schemas and counted, at all of the speed there is; then, through a log in a folder, as they come. */
export async function measureCounterLag({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const url = process.env.REDIS_URL ?? '';
  if (url === '') {
    progress('  left out: REDIS_URL does not say where a Redis is (scripts/services up)');
    return [];
  }
  const keyPrefix = `bench-${randomUUID()}:`;
  const count = Math.ceil(scale.seconds * EVENTS_PER_SECOND);
  const redis = new Redis(url);
  try {
    const rounds: { rate: number; cpuUs: number; redisUs: number }[] = [];
    for (let round = 0; round < scale.rounds; round += 1) {
      const store = await openStore(url, keyPrefix, `rate-${round}`);
      rounds.push(await countAll(store, trafficOf(`${round}-`, count, seed + round), redis));
      await store.close();
    }
    progress(`  events/s by round: ${rounds.map(({ rate }) => Math.round(rate)).join(', ')}`);
    const lagsMs = await lagsOf(await openStore(url, keyPrefix, 'lag'), trafficOf('lag-', count, seed));
    const share = (percent: number): string => percentile(lagsMs, percent).toFixed(0);
    progress(`  ms behind: median ${share(50)}, p99 ${share(99)}, most ${Math.max(...lagsMs).toFixed(0)}`);
    return [
      { name: 'events.counter_lag_ms', value: percentile(lagsMs, 99), unit: 'ms' },
      { name: 'events.counter_rate', value: median(rounds.map(({ rate }) => rate)), unit: '1/s' },
      { name: 'events.counter_cpu_us', value: median(rounds.map(({ cpuUs }) => cpuUs)), unit: 'us' },
      { name: 'redis.counter_us', value: median(rounds.map(({ redisUs }) => redisUs)), unit: 'us' },
    ];
  } finally {
    await redis.quit();
    await removeKeys(url, keyPrefix);
  }
}

function openStore(url: string, keyPrefix: string, source: string): Promise<CounterStore> {
  return openRedisCounterStore({ ...BOUNDS, url, keyPrefix, source, commandTimeoutMs: 10_000, onError: () => {} });
}

function trafficOf(prefix: string, count: number, seed: number): OutcomeEvent[] {
  const random = seededRandom(seed);
  const draw = (): number => random.next();
  const adCount = Math.ceil(count / EVENTS_PER_AD);
  const events = adTraffic({ prefix, adCount, random: draw, nowMs: Date.now(), leases: LEASES });
  const pick = (name: string, of: number): string => `${name}-${Math.floor(of * draw() ** 2)}`;
  const spread = events.map((event) => ('sale' in event ? withThings(event, pick) : event));
  return shuffled(spread, draw, DUPLICATE_SHARE);
}

function withThings<Event extends OutcomeEvent & { readonly sale: object }>(
  event: Event,
  pick: (name: string, of: number) => string,
): Event {
  const things = {
    campaignId: pick('campaign', CAMPAIGNS),
    creativeId: pick('creative', CREATIVES),
    placementId: pick('placement', PLACEMENTS),
  };
  return { ...event, sale: { ...event.sale, ...things } };
}

function consumerOf(store: CounterStore): CountingConsumer {
  return new CountingConsumer({
    store,
    keptMs: BOUNDS.keptMs,
    billableForMs: () => 86_400_000,
    clock: systemClock,
    observer: {
      onCounted: () => {},
      onUnreadable: () => {},
      onRebuilding: () => {},
      onFenced: () => {},
      onFailure: () => {},
    },
  });
}

async function countAll(
  store: CounterStore,
  events: readonly OutcomeEvent[],
  redis: Redis,
): Promise<{ rate: number; cpuUs: number; redisUs: number }> {
  const stored = events.map((event, offset): SourcedEvent => {
    return { offset, id: String(offset), key: null, type: event.type, payload: encodeEvent(event) };
  });
  const consumer = consumerOf(store);
  const redisUsBefore = await redisCpuUs(redis);
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  await consumer.positionOf(0);
  for (let at = 0; at < stored.length; at += BATCH_EVENTS) {
    await consumer.handle({ partition: 0, events: stored.slice(at, at + BATCH_EVENTS) });
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const rate = (stored.length * 1000) / (performance.now() - startedAtMs);
  const redisUs = ((await redisCpuUs(redis)) - redisUsBefore) / stored.length;
  return { rate, cpuUs: (user + system) / stored.length, redisUs };
}

/** From when each event is appended to the log until the call that counts it has been answered, ms. */
async function lagsOf(store: CounterStore, events: readonly OutcomeEvent[]): Promise<number[]> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-counter-lag-'));
  const log = await openEventLog({ folder: eventLogFolder(dataDirectory), timers: systemTimers });
  const source = createEmbeddedSource({
    ...{ dataDirectory, envelopeOf, batchBytesMax: 1024 * 1024, pollMs: 100, clock: systemClock, timers: systemTimers },
    onProblem: () => {},
  });
  const consumer = consumerOf(store);
  const appendedAtMs: number[] = [];
  const lagsMs: number[] = [];
  const consumption = await source.consume({
    positionOf: consumer.positionOf,
    onFailure: consumer.onFailure,
    handle: async (batch) => {
      await consumer.handle(batch);
      const nowMs = performance.now();
      for (const { offset } of batch.events) lagsMs.push(nowMs - appendedAtMs[offset]!);
    },
  });
  try {
    const startedAtMs = performance.now();
    let appended = 0;
    while (appended < events.length) {
      const due = Math.min(events.length, ((performance.now() - startedAtMs) / 1000) * EVENTS_PER_SECOND);
      const now = events.slice(appended, due);
      // Sequences begin at 1.
      const nowMs = performance.now();
      for (let at = 1; at <= now.length; at += 1) appendedAtMs[appended + at] = nowMs;
      appended += now.length;
      if (now.length > 0) await log.append(now.map((event) => encodeEvent({ ...event, atMs: Date.now() })));
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    while (lagsMs.length < events.length) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    return lagsMs;
  } finally {
    await consumption.close();
    await store.close();
    await log.close();
    await rm(dataDirectory, { recursive: true });
  }
}
