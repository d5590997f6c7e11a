/**
 * The `EventSource` over a Kafka topic. The group deals partitions to its members; where a partition goes on is its consumer's to
 * say. Nothing is committed to Kafka, so that a new member begins at the oldest event and is sent on from there: behind a
 * committed offset that is ahead of the consumer nothing might come that shows it.
 */
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Timers } from '../../../engine/ports/clock.ts';
import {
  type Consumption,
  type EventConsumer,
  type EventSource,
  PlaceLostError,
  type SourcedEvent,
  type StartingPoint,
} from '../../../engine/ports/event-source.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from './kafka-client.ts';

export interface KafkaSourceOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** Processes of one group share the partitions. */
  readonly groupId: string;
  /** Partitions handled at a time. */
  readonly concurrency: number;
  /** ms after a failure. */
  readonly retryMs: number;
  readonly timers: Timers;
  readonly onLog: KafkaLog;
}

const SESSION_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 3000;
const FETCH_WAIT_MS = 250;
/** What the protocol calls the oldest offset there is. */
const EARLIEST = -2;

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
}

class KafkaConsumption implements Consumption {
  readonly #options: KafkaSourceOptions;
  readonly #handler: EventConsumer;
  readonly #kafka: Consumer;
  #places = new Map<number, Place>();
  #isClosed = false;

  constructor(options: KafkaSourceOptions, handler: EventConsumer) {
    this.#options = options;
    this.#handler = handler;
    this.#kafka = createKafkaClient(options.connection, options.onLog).consumer({
      groupId: options.groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      // However long the brokers are away.
      retry: { initialRetryTime: options.retryMs, restartOnFailure: async () => !this.#isClosed },
    });
  }

  async start(): Promise<void> {
    const { topic, concurrency } = this.#options;
    try {
      await this.#kafka.connect();
      await this.#kafka.subscribe({ topic, fromBeginning: true });
      // Others have had the partitions meanwhile.
      this.#kafka.on(this.#kafka.events.GROUP_JOIN, () => {
        this.#places = new Map();
      });
      this.#kafka.on(this.#kafka.events.CRASH, ({ payload }) => this.#handler.onFailure(payload.error));
      await this.#kafka.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrency,
        eachBatch: (payload) => this.#eachBatch(payload),
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    await this.#kafka.disconnect();
  };

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    const place = await this.#untilDone(payload, () => this.#placeOf(partition));
    if (
      place === null ||
      messages.length === 0 ||
      this.#soughtElsewhere(partition, Number(messages[0]!.offset), place)
    ) {
      return;
    }
    const events = messages.map(sourcedEvent).filter(({ offset }) => offset >= (place.next ?? 0));
    if (events.length > 0) {
      const isHandled = await this.#untilDone(payload, async () => {
        try {
          await this.#handler.handle({ partition, events });
          return true;
        } catch (error) {
          if (!(error instanceof PlaceLostError)) throw error;
          this.#handler.onFailure(error);
          return false;
        }
      });
      if (isHandled === false) await this.#beginAgain(payload, partition);
      if (isHandled !== true) return;
    }
    const last = messages.at(-1)!.offset;
    place.next = Number(last) + 1;
    place.isSought = true;
    payload.resolveOffset(last);
    await payload.heartbeat();
  }

  async #placeOf(partition: number): Promise<Place> {
    const places = this.#places;
    const known = places.get(partition);
    if (known !== undefined) return known;
    const next = await this.#offsetOf(partition, await this.#handler.positionOf(partition));
    const place = { next, isSought: false };
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

  /** Wherever the consumer wants to begin now, also before what it was given. */
  async #beginAgain(payload: EachBatchPayload, partition: number): Promise<void> {
    await this.#retryPause();
    this.#places.delete(partition);
    const place = await this.#untilDone(payload, () => this.#placeOf(partition));
    if (place === null) return;
    place.isSought = true;
    this.#kafka.seek({ topic: this.#options.topic, partition, offset: String(place.next ?? EARLIEST) });
  }

  /** Kafka began at the oldest event; the consumer wants to go on elsewhere. */
  #soughtElsewhere(partition: number, firstOffset: number, place: Place): boolean {
    if (place.isSought || place.next === null || place.next <= firstOffset) return false;
    place.isSought = true;
    this.#kafka.seek({ topic: this.#options.topic, partition, offset: String(place.next) });
    return true;
  }

  /** Null: the end came first, or the partition is somebody else's. */
  async #untilDone<T>({ isRunning, isStale, heartbeat }: EachBatchPayload, work: () => Promise<T>): Promise<T | null> {
    while (!this.#isClosed && isRunning() && !isStale()) {
      try {
        return await work();
      } catch (error) {
        this.#handler.onFailure(error);
        await this.#retryPause();
        await heartbeat();
      }
    }
    return null;
  }

  #retryPause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.timers.schedule(this.#options.retryMs, resolve);
    });
  }
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
