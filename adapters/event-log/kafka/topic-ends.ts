/** Where the partitions of a topic end now, also those that no consumer has. */
import type { Admin } from 'kafkajs';
import type { EventsEnd } from '../../../engine/ports/event-source.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from './kafka-client.ts';

export interface TopicEndsOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly monotonicMs: () => number;
  readonly onLog: KafkaLog;
}

export class TopicEnds {
  readonly #options: TopicEndsOptions;
  /** Stays connected between two looks. */
  #admin: Admin | null = null;

  constructor(options: TopicEndsOptions) {
    this.#options = options;
  }

  /** One call at a time. Rejects when Kafka cannot be reached. */
  async read(): Promise<readonly EventsEnd[]> {
    const { topic, monotonicMs } = this.#options;
    try {
      const admin = await this.#connected();
      const atMs = monotonicMs();
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.map(({ partition, low, high }) => ({ partition, atMs, end: Number(high), isEmpty: low === high }));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async #connected(): Promise<Admin> {
    if (this.#admin !== null) return this.#admin;
    const { connection, onLog } = this.#options;
    this.#admin = createKafkaClient(connection, onLog).admin();
    await this.#admin.connect();
    return this.#admin;
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    await admin?.disconnect().catch(() => {});
  }
}
