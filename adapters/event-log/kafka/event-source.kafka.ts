/**
 * The `EventSource` over a Kafka topic. The group deals partitions to its members; where a partition goes on is its consumer's to
 * say. Nothing is committed to Kafka, so that a new member begins at the oldest event and is sent on from there: behind a
 * committed offset that is ahead of the consumer nothing might come that shows it.
 */
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Clock, TimerHandle, Timers } from '../../../engine/ports/clock.ts';
import {
  type Consumption,
  type EventConsumer,
  type EventSource,
  type EventsEnd,
  PlaceLostError,
  type SourcedEvent,
  type StartingPoint,
} from '../../../engine/ports/event-source.ts';
import type { LogProblem } from '../reader.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from './kafka-client.ts';
import { TopicEnds } from './topic-ends.ts';

export interface KafkaSourceOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** Processes of one group share the partitions. */
  readonly groupId: string;
  /** Partitions handled at a time. */
  readonly concurrency: number;
  /** ms after a failure. */
  readonly retryMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  readonly onLog: KafkaLog;
  /** The topic's retention has passed the position: these events are gone. */
  readonly onProblem: (partition: number, problem: LogProblem & { readonly kind: 'gap' }) => void;
}

/** Whoever is killed holds up all partitions for so long. Who is only late may lose them: its place fences it. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 1000;
const FETCH_WAIT_MS = 250;
/** Of payloads handled at a time: a fetch is bounded as it is compressed, and may hold ten times as much. */
const BATCH_BYTES_MAX = 1024 * 1024;
const RETRY_MS_MAX = 2000;
/** Partitions that are added to the topic are found within so long. */
const METADATA_MS_MAX = 5000;
/** What the protocol calls the oldest offset there is. */
const EARLIEST = -2;
/** A partition's new leader may not know at once how far it goes. */
const LOOKS_BEHIND_END = 10;
/** Before all offsets: of what had them before, nothing is there. */
const OLDEST = 0;

export function createKafkaSource(options: KafkaSourceOptions): EventSource {
  return {
    consume: async (consumer) => {
      const consumption = new KafkaConsumption(options, consumer);
      await consumption.start();
      return consumption;
    },
  };
}

/** Where a partition is in this life of the group. */
interface Place {
  /** Null: wherever Kafka begins. */
  next: number | null;
  /** Kafka has been told: what it gives now is what there is. */
  isSought: boolean;
  /** Looks in a row at a topic that ends before it. */
  looksBehindEnd: number;
}

class KafkaConsumption implements Consumption {
  readonly #options: KafkaSourceOptions;
  readonly #handler: EventConsumer;
  readonly #ends: TopicEnds;
  #kafka: Consumer;
  #places = new Map<number, Place>();
  #isClosed = false;
  /** Until the consumer after one that ended begins. */
  #restart: TimerHandle | null = null;
  #beginning: Promise<void> | null = null;

  constructor(options: KafkaSourceOptions, handler: EventConsumer) {
    this.#options = options;
    this.#handler = handler;
    const { connection, topic, onLog } = options;
    this.#ends = new TopicEnds({ connection, topic, onLog, monotonicMs: options.clock.monotonicMs });
    this.#kafka = this.#newConsumer();
  }

  async start(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#options.timers.cancel(this.#restart);
    await this.#beginning;
    await this.#kafka.disconnect();
    await this.#ends.close();
  };

  readonly ends = (): Promise<readonly EventsEnd[]> => this.#ends.read();

  #newConsumer(): Consumer {
    const { connection, onLog, groupId, retryMs } = this.#options;
    return createKafkaClient(connection, onLog).consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: METADATA_MS_MAX,
      allowAutoTopicCreation: false,
      // kafkajs begins again after some errors only, and stays away for ever after others.
      retry: { initialRetryTime: retryMs, maxRetryTime: RETRY_MS_MAX, restartOnFailure: async () => false },
    });
  }

  async #begin(): Promise<void> {
    const { topic, concurrency } = this.#options;
    const kafka = this.#kafka;
    await kafka.connect();
    await kafka.subscribe({ topic, fromBeginning: true });
    if (this.#isClosed) return;
    // Others have had the partitions meanwhile.
    kafka.on(kafka.events.GROUP_JOIN, () => {
      this.#places = new Map();
    });
    kafka.on(kafka.events.CRASH, ({ payload }) => {
      this.#handler.onFailure(payload.error);
      this.#beginLater();
    });
    await kafka.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  /** However long the brokers are away, and whatever they said. */
  #beginLater(): void {
    if (this.#isClosed) return;
    this.#restart = this.#options.timers.schedule(this.#options.retryMs, () => {
      this.#kafka = this.#newConsumer();
      this.#beginning = this.#begin().catch(async (error: unknown) => {
        this.#handler.onFailure(error);
        await this.#kafka.disconnect().catch(() => {});
        this.#beginLater();
      });
    });
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { partition, messages, highWatermark } = payload.batch;
    const place = await this.#untilDone(payload, () => this.#placeOf(partition));
    if (place === null || messages.length === 0) return;
    if (place.next !== null && Number(highWatermark) < place.next) {
      this.#handler.onFailure(lostEnd(partition, place.next, highWatermark));
      place.looksBehindEnd += 1;
      await this.#retryPause();
      await payload.heartbeat();
      if (place.looksBehindEnd >= LOOKS_BEHIND_END) await this.#beginAnew(payload);
      return;
    }
    place.looksBehindEnd = 0;
    if (this.#soughtElsewhere(partition, Number(messages[0]!.offset), place)) return;
    this.#tellGap(partition, place, Number(messages[0]!.offset));
    for (const events of inBatches(messages, place.next ?? 0)) {
      const isHandled = await this.#untilDone(payload, async () => {
        await this.#handler.handle({ partition, events });
        return true;
      });
      if (isHandled === null) return;
      await this.#passed(payload, place, events.at(-1)!.offset);
    }
    await this.#passed(payload, place, Number(messages.at(-1)!.offset));
  }

  async #passed({ resolveOffset, heartbeat }: EachBatchPayload, place: Place, offset: number): Promise<void> {
    place.next = offset + 1;
    place.isSought = true;
    resolveOffset(String(offset));
    await heartbeat();
  }

  async #placeOf(partition: number): Promise<Place> {
    const places = this.#places;
    const known = places.get(partition);
    if (known !== undefined) return known;
    const next = await this.#offsetOf(partition, await this.#handler.positionOf(partition, null));
    const place = { next, isSought: false, looksBehindEnd: 0 };
    places.set(partition, place);
    return place;
  }

  async #offsetOf(partition: number, start: StartingPoint): Promise<number | null> {
    if (typeof start !== 'object' || start === null) return start;
    const admin = createKafkaClient(this.#options.connection, this.#options.onLog).admin();
    try {
      await admin.connect();
      const offsets = await admin.fetchTopicOffsetsByTimestamp(this.#options.topic, start.sinceMs);
      return Number(offsets.find((each) => each.partition === partition)?.offset ?? 0);
    } finally {
      await admin.disconnect();
    }
  }

  /** Offsets of our topics have no holes: nothing there is compacted or in transactions. */
  #tellGap(partition: number, { next }: Place, firstOffset: number): void {
    if (next === null || next >= firstOffset) return;
    this.#options.onProblem(partition, { kind: 'gap', fromSequence: next, toSequence: firstOffset - 1 });
  }

  /**
   * All that such a topic has is read, by whoever can tell what it has had before. Who wants to go on where nothing is yet is asked again:
   * once the topic has grown to there, nothing would show what was passed over.
   */
  async #beginAnew(payload: EachBatchPayload): Promise<void> {
    const { partition, highWatermark } = payload.batch;
    const next = await this.#untilDone(payload, async () =>
      this.#offsetOf(partition, await this.#handler.positionOf(partition, OLDEST)),
    );
    if (next === null || next > Number(highWatermark)) return;
    const place = { next, isSought: false, looksBehindEnd: 0 };
    this.#places.set(partition, place);
    this.#seek(partition, place);
  }

  /** Kafka began at the oldest event; the consumer wants to go on elsewhere. */
  #soughtElsewhere(partition: number, firstOffset: number, place: Place): boolean {
    if (place.isSought || place.next === null || place.next <= firstOffset) return false;
    this.#seek(partition, place);
    return true;
  }

  /** Where that is gone, Kafka goes on at the oldest event. */
  #seek(partition: number, place: Place): void {
    place.isSought = true;
    this.#kafka.seek({ topic: this.#options.topic, partition, offset: String(place.next ?? EARLIEST) });
  }

  /** Null: the end came first, or the partition is somebody else's. */
  async #untilDone<T>(payload: EachBatchPayload, work: () => Promise<T>): Promise<T | null> {
    const { isRunning, isStale, heartbeat } = payload;
    while (!this.#isClosed && isRunning() && !isStale()) {
      try {
        return await work();
      } catch (error) {
        this.#handler.onFailure(error);
        await this.#retryPause();
        // Rejects when the group has given the partition to somebody else.
        await heartbeat();
        if (error instanceof PlaceLostError) return this.#claimAgain(payload);
      }
    }
    return null;
  }

  /** The group says that it is ours: whoever took it was late, or has let go of it; or the consumer wants to begin elsewhere. */
  async #claimAgain(payload: EachBatchPayload): Promise<null> {
    const { partition } = payload.batch;
    this.#places.delete(partition);
    const place = await this.#untilDone(payload, () => this.#placeOf(partition));
    if (place !== null) this.#seek(partition, place);
    return null;
  }

  #retryPause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.schedule(this.#options.retryMs, resolve);
    });
  }
}

/** Other events would have the offsets that the consumer has behind it: passing over them would be silent. */
function lostEnd(partition: number, next: number, highWatermark: string): Error {
  return new Error(
    `partition ${partition} ends at ${highWatermark}, and was read up to ${next}: it was made anew, or has lost its end`,
  );
}

/** From this offset on. */
function* inBatches(messages: readonly KafkaMessage[], from: number): Generator<readonly SourcedEvent[]> {
  let events: SourcedEvent[] = [];
  let bytes = 0;
  for (const message of messages) {
    const event = sourcedEvent(message);
    if (event.offset < from) continue;
    events.push(event);
    bytes += event.payload.byteLength;
    if (bytes < BATCH_BYTES_MAX) continue;
    yield events;
    events = [];
    bytes = 0;
  }
  if (events.length > 0) yield events;
}

function sourcedEvent({ offset, key, value, headers }: KafkaMessage): SourcedEvent {
  return {
    offset: Number(offset),
    id: headers?.id?.toString() ?? '',
    key: key === null ? null : key.toString(),
    type: headers?.type?.toString() ?? 'unknown',
    payload: value ?? NO_BYTES,
  };
}

const NO_BYTES = new Uint8Array();
