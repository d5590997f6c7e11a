/** What the configuration says about counters. */
import type { Config } from './types.ts';

type Settings = Pick<Config, 'counters' | 'events'>;

/** Whether an engine, or the supervisor of several, counts its own log. With Kafka, `gavel consume` does. */
export function isCountingHere({ counters, events }: Settings): boolean {
  return counters.enabled && events.kafka.brokers === '' && events.tracking.baseUrl !== '';
}

/** Whether what one process counts another one can read. */
export function areCountersShared({ counters }: Pick<Config, 'counters'>): boolean {
  return counters.enabled && counters.redisUrl !== '';
}
