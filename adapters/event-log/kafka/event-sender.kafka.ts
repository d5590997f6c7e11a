/**
 * The `EventSender` over Kafka. Awaited sends that all in-sync replicas acknowledge, keys of our own, gzip. Neither the
 * idempotent producer nor transactions of kafkajs are relied on: consumers know duplicates by the header `id`.
 */
import kafkajs, { type CompressionTypes, type IHeaders, type Message, type Producer } from 'kafkajs';
import type { TimerHandle, Timers } from '../../../engine/ports/clock.ts';
import { EventSendError, type EventSender, type OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from './kafka-client.ts';

export interface KafkaSenderOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly compression: 'gzip' | 'none';
  readonly timers: Timers;
  readonly onLog: KafkaLog;
}

const ALL_IN_SYNC_REPLICAS = -1;
/** kafkajs tries a call again by itself, each within the request timeout: longer than this it is stuck. */
const CALL_TIMEOUTS = 4;
/** What a record or a batch will get however often it is sent. */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);

/** Connects when the first events are sent, and again after each failure. */
export function createKafkaSender(options: KafkaSenderOptions): EventSender {
  return new KafkaSender(options);
}

class KafkaSender implements EventSender {
  readonly #options: KafkaSenderOptions;
  readonly #compression: CompressionTypes;
  #producer: Producer | null = null;
  #isClosed = false;
  #abandon: ((error: Error) => void) | null = null;

  constructor(options: KafkaSenderOptions) {
    this.#options = options;
    this.#compression = options.compression === 'gzip' ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None;
  }

  readonly send = async (events: readonly OutgoingEvent[]): Promise<void> => {
    if (this.#isClosed) throw new EventSendError('unavailable', 'the sender is closed');
    if (events.length === 0) return;
    try {
      await this.#bounded(this.#sendNow(events));
    } catch (error) {
      const sendError = toSendError(error);
      // After a failure kafkajs may know brokers that are gone: a new client knows nothing wrong.
      if (sendError.code === 'unavailable') this.#letGo();
      throw sendError;
    }
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#abandon?.(new Error('the sender is closed'));
    const producer = this.#producer;
    this.#producer = null;
    await producer?.disconnect().catch(() => {});
  };

  async #sendNow(events: readonly OutgoingEvent[]): Promise<void> {
    const producer = this.#producer ?? (await this.#connect());
    await producer.send({
      topic: this.#options.topic,
      acks: ALL_IN_SYNC_REPLICAS,
      timeout: this.#options.connection.requestTimeoutMs,
      compression: this.#compression,
      messages: events.map(messageOf),
    });
  }

  async #connect(): Promise<Producer> {
    const { connection, onLog } = this.#options;
    const producer = createKafkaClient(connection, onLog).producer({
      allowAutoTopicCreation: false,
      // That of the Java client: whoever else sends events of a user finds the same partition.
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    this.#producer = producer;
    await producer.connect();
    return producer;
  }

  /** kafkajs has waits without an end; whoever closes does not wait either. */
  async #bounded(work: Promise<void>): Promise<void> {
    const { timers, connection } = this.#options;
    let timer: TimerHandle = null;
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandon = reject;
      const limitMs = CALL_TIMEOUTS * connection.requestTimeoutMs;
      timer = timers.schedule(limitMs, () => reject(new Error(`Kafka did not answer within ${limitMs} ms`)));
    });
    try {
      await Promise.race([work, abandoned]);
    } finally {
      timers.cancel(timer);
      this.#abandon = null;
      // What comes of it later concerns nobody.
      work.catch(() => {});
    }
  }

  #letGo(): void {
    const producer = this.#producer;
    this.#producer = null;
    producer?.disconnect().catch(() => {});
  }
}

function messageOf({ id, key, type, payload, headers: others }: OutgoingEvent): Message {
  const headers: IHeaders = { ...others, id, type };
  return { key, value: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), headers };
}

function toSendError(error: unknown): EventSendError {
  if (error instanceof EventSendError) return error;
  let code: EventSendError['code'] = 'unavailable';
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && REFUSALS.has(String(cause.type))) code = 'refused';
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new EventSendError(code, `Kafka did not take events: ${detail}`, { cause: error });
}
