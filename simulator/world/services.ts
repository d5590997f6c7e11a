/**
 * What stands beside the engines of a world with campaigns: Redis, Kafka, the ledger's PostgreSQL, each on a machine of its own, and the
 * disk of each engine. What they keep outlives everybody, also an outage of theirs.
 */
import { BOOKS_TIMEOUT_MS, eventLogFolder, importBookings, type Outside, readEvents } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import type { SeededRandom } from '../random.ts';
import { WorldBooks } from './books/world-books.ts';
import type { MoneyObservation } from './history.ts';
import { directLink, type Link } from './link.ts';
import { MemoryDisk } from './stores/disk.ts';
import { MemoryKafka } from './stores/kafka.ts';
import { processStores } from './stores/process-stores.ts';
import { MemoryRedis } from './stores/redis.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface ServicesOptions {
  /** Of all engines and consumers. */
  readonly config: Config;
  readonly random: SeededRandom;
  /** A machine of this name. */
  readonly spawn: (name: string) => VirtualProcess;
  readonly linkBetween: (from: VirtualProcess, store: VirtualProcess, timeoutMs: number) => Link;
  /** Virtual, since the start of the world, ms. */
  readonly nowMs: () => number;
  readonly onMoney: (seen: MoneyObservation) => void;
  /** Payloads that have come to a topic, in this order; some of them again. */
  readonly onTopic: (payloads: readonly Uint8Array[]) => void;
}

const PARTITIONS = 4;
const RETENTION_MS = 6 * 3_600_000;
const DISK_BYTES = 128 * 1024 * 1024;
const BOOKER = { name: 'world', roles: new Set(['ops', 'money'] as const) };

export class WorldServices {
  readonly redis: MemoryRedis;
  readonly kafka: MemoryKafka;
  readonly books: WorldBooks;
  /** By the names that faults know them by. */
  readonly machines: Readonly<Record<'redis' | 'kafka' | 'ledger', VirtualProcess>>;
  readonly #options: ServicesOptions;
  /** By process. */
  readonly #disks = new Map<string, MemoryDisk>();

  constructor(options: ServicesOptions) {
    const { config, spawn, nowMs, onMoney, onTopic } = options;
    const [redis, kafka, ledger] = [spawn('redis'), spawn('kafka'), spawn('ledger')];
    this.#options = options;
    this.machines = { redis, kafka, ledger };
    this.redis = new MemoryRedis({ clock: redis.clock, counters: config.counters });
    this.kafka = new MemoryKafka({
      clock: kafka.clock,
      partitions: PARTITIONS,
      retentionMs: RETENTION_MS,
      onAppended: (events) => onTopic(events.map(({ payload }) => payload)),
    });
    this.books = new WorldBooks({ wallMs: ledger.clock.wallMs, atMs: nowMs, onMoney });
  }

  /** Before anybody starts. `documents`: as for `POST /admin/v1/import`. Rejects with what is wrong with them. */
  async book(documents: unknown): Promise<void> {
    await importBookings(documents, this.books.over(directLink).store, BOOKER);
  }

  /** For the next life of a process. */
  outsideOf(process: VirtualProcess): Pick<Outside, 'stores' | 'books'> {
    const { config, linkBetween } = this.#options;
    return {
      books: this.books.over(linkBetween(process, this.machines.ledger, BOOKS_TIMEOUT_MS)),
      stores: processStores({
        redis: this.redis,
        kafka: this.kafka,
        disk: process.role === 'engine' ? this.diskOf(process.name) : null,
        timers: process.timers,
        linkTo: (store, timeoutMs) => linkBetween(process, this.machines[store], timeoutMs),
        kafkaTimeoutMs: config.events.kafka.requestTimeoutMs,
      }),
    };
  }

  diskOf(process: string): MemoryDisk {
    let disk = this.#disks.get(process);
    if (disk === undefined) {
      const random = this.#options.random.fork(`disk-of-${process}`);
      disk = new MemoryDisk({ id: `disk-of-${process}`, capacityBytes: DISK_BYTES, random: () => random.next() });
      this.#disks.set(process, disk);
    }
    return disk;
  }

  /** Payloads that outlive their processes, on disks and in the topic, some of them twice. Not while the world runs. */
  async *storedEvents(): AsyncGenerator<Uint8Array, void, undefined> {
    const folder = eventLogFolder(this.#options.config.dataDirectory);
    for (const disk of this.#disks.values()) {
      for await (const { payload } of readEvents(folder, { files: disk.contents })) yield payload;
    }
    for (const topic of this.kafka.topics) {
      for (const { partition } of this.kafka.ends(topic)) {
        for (const { payload } of this.kafka.read(topic, partition, 0, Number.POSITIVE_INFINITY).events) yield payload;
      }
    }
  }
}
