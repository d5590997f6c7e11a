/** The `EventSource` over the segments of a data folder, also while engines write: every log is a partition. */
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import {
  type Consumption,
  type EventBatch,
  type EventConsumer,
  type EventSource,
  type EventsEnd,
  PlaceLostError,
  type SourcedEvent,
} from '../../engine/ports/event-source.ts';
import { eventLogPartitions } from './log-folders.ts';
import { type LogProblem, readNewestEvents } from './reader.ts';
import { SegmentTail } from './segment-tail.ts';
import { sequenceSince } from './sequence-since.ts';

export interface EmbeddedSourceOptions {
  /** Of the engine, or of the supervisor and all its workers. */
  readonly dataDirectory: string;
  readonly envelopeOf: (payload: Uint8Array) => Pick<SourcedEvent, 'key' | 'type'>;
  /** Bytes of segments read for one batch. */
  readonly batchBytesMax: number;
  /** ms between two looks at a log of which all has been read, and after a failure. */
  readonly pollMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  readonly onProblem: (partition: number, problem: LogProblem) => void;
}

/** A worker may be added at any time; its log is found within so many looks. */
const LOOKS_PER_DISCOVERY = 20;

export function createEmbeddedSource(options: EmbeddedSourceOptions): EventSource {
  return {
    consume: async (consumer) => {
      const consumption = new EmbeddedConsumption(options, consumer);
      await consumption.discover();
      consumption.start();
      return consumption;
    },
  };
}

interface PlacedTail {
  readonly tail: SegmentTail;
  /** Of the first event that it gives; null: the oldest there is. */
  readonly next: number | null;
}

class EmbeddedConsumption implements Consumption {
  readonly #options: EmbeddedSourceOptions;
  readonly #consumer: EventConsumer;
  readonly #partitions = new Map<number, Promise<void>>();
  readonly #ends = new Map<number, EventsEnd>();
  readonly #waits = new Set<() => void>();
  #discovering: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: EmbeddedSourceOptions, consumer: EventConsumer) {
    this.#options = options;
    this.#consumer = consumer;
  }

  start(): void {
    this.#discovering = this.#keepDiscovering();
  }

  async discover(): Promise<void> {
    for (const [partition, folder] of await eventLogPartitions(this.#options.dataDirectory)) {
      if (!this.#partitions.has(partition)) this.#partitions.set(partition, this.#follow(partition, folder));
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    for (const end of this.#waits) end();
    await this.#discovering;
    await Promise.all(this.#partitions.values());
  };

  readonly ends = async (): Promise<readonly EventsEnd[]> => [...this.#ends.values()];

  async #keepDiscovering(): Promise<void> {
    for (;;) {
      await this.#wait(LOOKS_PER_DISCOVERY * this.#options.pollMs);
      if (this.#isClosed) return;
      await this.discover().catch(this.#consumer.onFailure);
    }
  }

  /** Never rejects. */
  async #follow(partition: number, folder: string): Promise<void> {
    while (!this.#isClosed) {
      const placed = await this.#untilDone(() => this.#tailOf(partition, folder));
      if (placed === null) return;
      await this.#followTail(partition, placed);
    }
  }

  async #tailOf(partition: number, folder: string): Promise<PlacedTail> {
    const start = await this.#consumer.positionOf(partition, await endOf(folder));
    const fromSequence =
      typeof start === 'object' && start !== null ? await sequenceSince(folder, start.sinceMs) : start;
    const onProblem = (problem: LogProblem): void => this.#options.onProblem(partition, problem);
    return { tail: new SegmentTail({ folder, fromSequence, onProblem }), next: fromSequence };
  }

  /** Until the end, or until the consumer has lost its place. */
  async #followTail(partition: number, { tail, next }: PlacedTail): Promise<void> {
    let end = next;
    while (!this.#isClosed) {
      const atMs = this.#options.clock.monotonicMs();
      const stored = await this.#untilDone(() => tail.read(this.#options.batchBytesMax));
      if (stored === null) return;
      if (stored.length === 0) {
        this.#ends.set(partition, { partition, atMs, end: end ?? 0, isEmpty: end === null });
        await this.#wait(this.#options.pollMs);
        continue;
      }
      const isAll = await this.#untilDone(() => tail.isAtEnd());
      const events = stored.map(({ sequence, payload }) => ({
        offset: sequence,
        id: `${partition}:${sequence}`,
        ...this.#options.envelopeOf(payload),
        payload,
      }));
      if ((await this.#untilDone(() => this.#isPlaced({ partition, events }))) === false) {
        await this.#wait(this.#options.pollMs);
        return;
      }
      end = events.at(-1)!.offset + 1;
      // A log that is written to all the time is never found empty.
      if (isAll === true) this.#ends.set(partition, { partition, atMs, end, isEmpty: false });
    }
  }

  /** Handled; false: the consumer wants to begin elsewhere. */
  async #isPlaced(batch: EventBatch): Promise<boolean> {
    try {
      await this.#consumer.handle(batch);
      return true;
    } catch (error) {
      if (!(error instanceof PlaceLostError)) throw error;
      this.#consumer.onFailure(error);
      return false;
    }
  }

  /** Null: the end came first. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T | null> {
    while (!this.#isClosed) {
      try {
        return await work();
      } catch (error) {
        this.#consumer.onFailure(error);
        await this.#wait(this.#options.pollMs);
      }
    }
    return null;
  }

  #wait(delayMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { timers } = this.#options;
    return new Promise((resolve) => {
      let timer: TimerHandle = null;
      const end = (): void => {
        this.#waits.delete(end);
        timers.cancel(timer);
        resolve();
      };
      this.#waits.add(end);
      timer = timers.schedule(delayMs, end);
    });
  }
}

/** Behind the newest event; null: there is none. */
async function endOf(folder: string): Promise<number | null> {
  for await (const { sequence } of readNewestEvents(folder)) return sequence + 1;
  return null;
}
