/**
 * Stand-ins for what stands beside the processes of a system: their disks, their Redis, their Kafka. A stand-in takes the place of what
 * the configuration names, which decides all the same whether there is such a thing at all.
 */
import type { KafkaSenderOptions } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import type { KafkaSourceOptions } from '../adapters/event-log/kafka/event-source.kafka.ts';
import type { LogFiles } from '../adapters/event-log/log-files.ts';
import type { BudgetStore } from '../engine/ports/budget-store.ts';
import type { CounterStore } from '../engine/ports/counter-store.ts';
import type { EventSender } from '../engine/ports/event-sender.ts';
import type { EventSource } from '../engine/ports/event-source.ts';
import type { FrequencyStore } from '../engine/ports/frequency-store.ts';

export interface OutsideStores {
  readonly budgets: BudgetStore;
  readonly frequencies: FrequencyStore;
  /** `source`: as `RedisCounterStoreOptions.source`. */
  readonly counters: (source: string) => CounterStore;
  readonly kafka: OutsideKafka;
  /** Of the event log. What only file systems do is left out with one: deletions of users' data, consumers of the log itself. */
  readonly disk: OutsideDisk;
}

export interface OutsideKafka {
  readonly createSender: (options: Pick<KafkaSenderOptions, 'topic'>) => EventSender;
  readonly createSource: (
    options: Pick<KafkaSourceOptions, 'topic' | 'groupId' | 'retryMs' | 'clock' | 'timers' | 'onProblem'>,
  ) => EventSource;
}

export interface OutsideDisk {
  /** The same for ever, and no other disk's. */
  readonly id: string;
  readonly files: LogFiles;
  /** Rejects while another process has the folder. Resolves to what lets go of it. */
  readonly lock: (folder: string) => Promise<() => Promise<void>>;
}
