/** What one life of a process has of the stores of its world, each behind a link of its own. */
import { type OutsideKafka, type OutsideStores, REDIS_TIMEOUTS_MS } from '../../../compose.ts';
import type { EventsKafkaConfig } from '../../../config/types.ts';
import type { Timers } from '../../../engine/ports/clock.ts';
import type { Link } from '../link.ts';
import { createWorldBudgetStore } from './budget-store.redis.ts';
import { createWorldCounterStore } from './counter-store.redis.ts';
import type { MemoryDisk } from './disk.ts';
import { createWorldSender } from './event-sender.kafka.ts';
import { createWorldSource } from './event-source.kafka.ts';
import { createWorldFrequencyStore } from './frequency-store.redis.ts';
import type { MemoryKafka } from './kafka.ts';
import type { MemoryRedis } from './redis.ts';

export interface ProcessStoresOptions {
  readonly redis: MemoryRedis;
  readonly kafka: MemoryKafka;
  /** Null: the process keeps no event log. */
  readonly disk: MemoryDisk | null;
  /** Of this life. */
  readonly timers: Timers;
  readonly linkTo: (store: 'redis' | 'kafka', timeoutMs: number) => Link;
  readonly kafkaTimeoutMs: EventsKafkaConfig['requestTimeoutMs'];
}

export function processStores(options: ProcessStoresOptions): Partial<OutsideStores> {
  const { redis, disk, timers, linkTo } = options;
  const connect = (need: keyof typeof REDIS_TIMEOUTS_MS) => ({ redis, link: linkTo('redis', REDIS_TIMEOUTS_MS[need]) });
  return {
    budgets: createWorldBudgetStore(connect('budgets')),
    frequencies: createWorldFrequencyStore(connect('frequencies')),
    counters: (source) => createWorldCounterStore(connect('counters'), source),
    kafka: kafkaOf(options),
    ...(disk === null ? {} : { disk: disk.mount(timers) }),
  };
}

function kafkaOf({ kafka, linkTo, kafkaTimeoutMs }: ProcessStoresOptions): OutsideKafka {
  const link = linkTo('kafka', kafkaTimeoutMs);
  return {
    createSender: ({ topic }) => createWorldSender({ kafka, link, topic }),
    createSource: (options) => createWorldSource({ kafka, link, ...options }),
  };
}
