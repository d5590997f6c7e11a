/**
 * The `EventSource` of one process over a topic of the Kafka of a world, as a member of a group. As over a real one, where a partition goes
 * on is its consumer's to say, whenever it becomes this member's.
 */
import type { Clock, TimerHandle, Timers } from '../../../engine/ports/clock.ts';
import {
  type Consumption,
  type EventConsumer,
  type EventSource,
  type EventsEnd,
  PlaceLostError,
  type StartingPoint,
} from '../../../engine/ports/event-source.ts';
import type { Link } from '../link.ts';
import type { Membership } from './consumer-group.ts';
import type { GroupMember, MemoryKafka } from './kafka.ts';
import type { Fetched } from './topic.ts';

export interface WorldSourceOptions {
  readonly kafka: MemoryKafka;
  readonly link: Link;
  readonly topic: string;
  /** Processes of one group share the partitions. */
  readonly groupId: string;
  /** ms after a failure. */
  readonly retryMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  /** The topic's retention has passed the position: these events are gone. */
  readonly onProblem: (partition: number, problem: OffsetGap) => void;
}

export interface OffsetGap {
  readonly kind: 'gap';
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** ms between two looks at partitions of which all has been read, and at a group that is being dealt. */
const POLL_MS = 250;
/** Of payloads of a partition handled at a time. */
const BATCH_BYTES_MAX = 1024 * 1024;

export function createWorldSource(options: WorldSourceOptions): EventSource {
  return {
    consume: async (consumer) => {
      const consumption = new TopicConsumption(options, consumer);
      await consumption.start();
      return consumption;
    },
  };
}

class TopicConsumption implements Consumption {
  readonly #options: WorldSourceOptions;
  readonly #consumer: EventConsumer;
  readonly #member: GroupMember;
  /** Of those that are this member's: the next offset; null: that of the oldest event. */
  #positions = new Map<number, number | null>();
  #running: Promise<void> | null = null;
  #endWait: (() => void) | null = null;
  #isClosed = false;

  constructor(options: WorldSourceOptions, consumer: EventConsumer) {
    const { kafka, topic, groupId } = options;
    this.#options = options;
    this.#consumer = consumer;
    this.#member = { topic, groupId, memberId: kafka.newMemberId() };
  }

  /** Rejects when the brokers cannot be reached. */
  async start(): Promise<void> {
    await this.ends();
    this.#running = this.#run();
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#endWait?.();
    await this.#running;
  };

  readonly ends = async (): Promise<readonly EventsEnd[]> => {
    const { kafka, link, topic, clock } = this.#options;
    const atMs = clock.monotonicMs();
    const ends = await link.call(() => kafka.ends(topic));
    return ends.map((end) => ({ ...end, atMs }));
  };

  /** Never rejects. */
  async #run(): Promise<void> {
    const { kafka, link } = this.#options;
    while (!this.#isClosed) {
      const joined = await this.#orFailure(() => link.call(() => kafka.join(this.#member)));
      if (joined === null || joined.value === null) await this.#wait(POLL_MS);
      else await this.#consume(joined.value);
    }
    await link.call(() => kafka.leave(this.#member)).catch(() => {});
  }

  /** Until the group deals anew, or the end. */
  async #consume({ generation, partitions }: Membership): Promise<void> {
    const { kafka, link, retryMs } = this.#options;
    // Others may have had them meanwhile.
    this.#positions = new Map();
    while (!this.#isClosed) {
      const isPlaced = await this.#placeAll(partitions);
      const request = { generation, positions: new Map(this.#positions), bytesMax: BATCH_BYTES_MAX };
      const fetched = await this.#orFailure(() => link.call(() => kafka.fetch(this.#member, request)));
      if (fetched !== null && fetched.value === null) return;
      const batches = fetched?.value ?? [];
      const areHandled = this.#isClosed ? [] : await Promise.all(batches.map((batch) => this.#handle(batch)));
      if (!isPlaced || fetched === null || areHandled.includes(false)) await this.#wait(retryMs);
      else if (batches.length === 0) await this.#wait(POLL_MS);
    }
  }

  /** False: of some it is not known yet where they go on. */
  async #placeAll(partitions: readonly number[]): Promise<boolean> {
    for (const partition of partitions) {
      if (this.#isClosed || this.#positions.has(partition)) continue;
      const position = await this.#orFailure(async () =>
        this.#offsetOf(partition, await this.#consumer.positionOf(partition, null)),
      );
      if (position !== null) this.#positions.set(partition, position.value);
    }
    return partitions.every((partition) => this.#positions.has(partition));
  }

  async #offsetOf(partition: number, start: StartingPoint): Promise<number | null> {
    if (start === null || typeof start === 'number') return start;
    const { kafka, link, topic } = this.#options;
    return link.call(() => kafka.offsetSince(topic, partition, start.sinceMs));
  }

  /** False: the same events come again. */
  async #handle({ partition, oldest, events }: Fetched): Promise<boolean> {
    const position = this.#positions.get(partition)!;
    if (position !== null && position < oldest) {
      this.#options.onProblem(partition, { kind: 'gap', fromSequence: position, toSequence: oldest - 1 });
    }
    try {
      await this.#consumer.handle({ partition, events });
      this.#positions.set(partition, events.at(-1)!.offset + 1);
      return true;
    } catch (error) {
      this.#consumer.onFailure(error);
      if (error instanceof PlaceLostError) this.#positions.delete(partition);
      else this.#positions.set(partition, Math.max(position ?? 0, oldest));
      return false;
    }
  }

  /** Null: it failed, and the consumer has been told. */
  async #orFailure<T>(work: () => Promise<T>): Promise<{ readonly value: T } | null> {
    try {
      return { value: await work() };
    } catch (error) {
      this.#consumer.onFailure(error);
      return null;
    }
  }

  /** Cut short by `close`. */
  #wait(delayMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const { timers } = this.#options;
    return new Promise((resolve) => {
      let timer: TimerHandle = null;
      const end = (): void => {
        this.#endWait = null;
        timers.cancel(timer);
        resolve();
      };
      this.#endWait = end;
      timer = timers.schedule(delayMs, end);
    });
  }
}
