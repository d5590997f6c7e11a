/**
 * The `EventSource` over a Kafka topic. The group deals partitions to its members; where a partition goes on is its consumer's to
 * say. Nothing is committed to Kafka, so that a new member begins at the oldest event and is sent on from there: behind a
 * committed offset that is ahead of the consumer nothing might come that shows it.
 */
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Timers } from '../../../engine/ports/clock.ts';
import type { Consumption, EventConsumer, EventSource, SourcedEvent } from '../../../engine/ports/event-source.ts';
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

/** Whoever is killed holds up all partitions for so long. Who is only late may lose them: its place fences it. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 1000;
const FETCH_WAIT_MS = 250;
const RETRY_MS_MAX = 2000;

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
  #kafka: Consumer | null = null;
  #places = new Map<number, Place>();
  #isClosed = false;

  constructor(options: KafkaSourceOptions, handler: EventConsumer) {
    this.#options = options;
    this.#handler = handler;
  }

  async start(): Promise<void> {
    const kafka = this.#newConsumer();
    this.#kafka = kafka;
    try {
      await kafka.connect();
      await kafka.subscribe({ topic: this.#options.topic, fromBeginning: true });
      await kafka.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#options.concurrency,
        eachBatch: (payload) => this.#eachBatch(kafka, payload),
      });
      if (this.#isClosed) await kafka.disconnect();
    } catch (error) {
      await kafka.disconnect();
      throw error;
    }
  }

  #newConsumer(): Consumer {
    const { connection, groupId, retryMs, onLog } = this.#options;
    const kafka = createKafkaClient(connection, onLog).consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      // However long the brokers are away; back soon after they are.
      retry: {
        initialRetryTime: retryMs,
        maxRetryTime: RETRY_MS_MAX,
        restartOnFailure: async () => !this.#isClosed,
      },
    });
    // Others have had the partitions meanwhile.
    kafka.on(kafka.events.GROUP_JOIN, () => {
      this.#places = new Map();
    });
    kafka.on(kafka.events.CRASH, ({ payload: { error, restart } }) => {
      this.#handler.onFailure(error);
      // kafkajs gives up on what it takes for final, and would never read again.
      if (!restart) void this.#startAgain();
    });
    return kafka;
  }

  async #startAgain(): Promise<void> {
    for (;;) {
      await this.#retryPause();
      if (this.#isClosed) return;
      try {
        await this.start();
        return;
      } catch (error) {
        this.#handler.onFailure(error);
      }
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    await this.#kafka?.disconnect();
  };

  async #eachBatch(kafka: Consumer, payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    const place = await this.#untilDone(payload, () => this.#placeOf(partition));
    if (
      place === null ||
      messages.length === 0 ||
      this.#soughtElsewhere(kafka, partition, Number(messages[0]!.offset), place)
    ) {
      return;
    }
    const events = messages.map(sourcedEvent).filter(({ offset }) => offset >= (place.next ?? 0));
    if (events.length > 0) {
      const isHandled = await this.#untilDone(payload, async () => {
        await this.#handler.handle({ partition, events });
        return true;
      });
      if (isHandled === null) return;
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
    const next = await this.#handler.positionOf(partition);
    const place = { next, isSought: false };
    places.set(partition, place);
    return place;
  }

  /** Kafka began at the oldest event; the consumer wants to go on elsewhere. */
  #soughtElsewhere(kafka: Consumer, partition: number, firstOffset: number, place: Place): boolean {
    if (place.isSought || place.next === null || place.next <= firstOffset) return false;
    place.isSought = true;
    kafka.seek({ topic: this.#options.topic, partition, offset: String(place.next) });
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
