/** Counters: what counts stored events, and what reads them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createEmbeddedCounterStore } from '../adapters/counters/counter-store.embedded.ts';
import { openRedisCounterStore } from '../adapters/counters/counter-store.redis.ts';
import { FolderLockedError, lockFolder } from '../adapters/event-log/folder-lock.ts';
import type { CounterApiOptions } from '../adapters/http/admin-api/counter-routes.ts';
import { areCountersShared } from '../config/counters.ts';
import { paidForMs } from '../config/tracking.ts';
import { CountingConsumer } from '../engine/events/counting-consumer.ts';
import type { CounterStore } from '../engine/ports/counter-store.ts';
import { embeddedEvents, type NamedSource } from './embedded-events.ts';
import { tellOutage } from './outages.ts';
import type { Parts } from './parts.ts';
import { REDIS_TIMEOUTS_MS } from './redis-timeouts.ts';

/** Before all keys in Redis. */
const KEY_PREFIX = 'gavel:';

/** Counts until the end of the parts. Rejects when the source cannot be had. */
export async function openCounting(parts: Parts): Promise<CounterApiOptions | null> {
  const { config, clock, metrics: all, log, closing } = parts;
  const isFromKafka = config.events.kafka.brokers !== '';
  if (!isFromKafka && areCountersShared(config) && !(await takeLog(parts))) return openCounterReading(parts);
  const { source, name } = isFromKafka ? await kafkaEvents(parts) : await embeddedEvents(parts, 'counters');
  const store = await openStore(parts, name);
  const metrics = all.counting();
  const outage = tellOutage(parts, {
    failed: 'counters: events could not be counted; they wait',
    recovered: 'counters: events are counted again',
  });
  const consumer = new CountingConsumer({
    store,
    keptMs: config.counters.keptMs,
    billableForMs: (sale) => paidForMs(sale, config),
    clock,
    observer: {
      onCounted: (...counted) => {
        metrics.onCounted(...counted);
        outage.succeeded();
      },
      onUnreadable: metrics.onUnreadable,
      onRebuilding: (partition) => {
        metrics.onRebuilding();
        log.info(
          { partition },
          'counters: nothing is known of this partition; its last windows are counted from the log',
        );
      },
      onFenced: metrics.onFenced,
      onFailure: (err) => {
        metrics.onFailure();
        outage.failed(err);
      },
    },
  });
  metrics.readLagFrom(isFromKafka ? name.slice('kafka:'.length) : 'embedded', () => consumer.lagMs());
  const consumption = await source.consume(consumer);
  closing(consumption.close);
  return apiOf(parts, store);
}

/** What other processes count. Null: that cannot be read here. */
export async function openCounterReading(parts: Parts): Promise<CounterApiOptions | null> {
  return areCountersShared(parts.config) ? apiOf(parts, await openStore(parts, '')) : null;
}

function apiOf({ config, clock }: Parts, reader: CounterStore): CounterApiOptions {
  return { reader, keptMs: config.counters.keptMs, nowMs: clock.wallMs };
}

async function openStore(parts: Parts, source: string): Promise<CounterStore> {
  const store = parts.stores.counters?.(source) ?? (await openConfiguredStore(parts, source));
  parts.closing(store.close);
  return store;
}

async function openConfiguredStore({ config, clock, log }: Parts, source: string): Promise<CounterStore> {
  const { redisUrl, keptMs, thingsMax, rememberedMax } = config.counters;
  const bounds = { keptMs, thingsMax, rememberedMax };
  if (redisUrl === '') return createEmbeddedCounterStore({ ...bounds, clock });
  return openRedisCounterStore({
    ...bounds,
    url: redisUrl,
    keyPrefix: KEY_PREFIX,
    source,
    commandTimeoutMs: REDIS_TIMEOUTS_MS.counters,
    onError: (err) => log.warn({ err }, 'counters: Redis'),
  });
}

async function kafkaEvents(parts: Parts): Promise<NamedSource> {
  return (await import('./kafka-source.ts')).kafkaEvents(parts, 'counters');
}

/** Of engine and `gavel consume` over one data folder, one counts it. False: another process does. */
async function takeLog({ config, log, closing }: Parts): Promise<boolean> {
  const folder = join(config.dataDirectory, 'counting');
  await mkdir(folder, { recursive: true });
  try {
    closing(await lockFolder(folder));
    return true;
  } catch (error) {
    if (!(error instanceof FolderLockedError)) throw error;
    log.info({ folder }, 'counters: another process counts this log');
    return false;
  }
}
