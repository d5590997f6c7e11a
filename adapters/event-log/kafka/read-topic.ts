/**
 * All that is in a topic now, for who reads it once: by a group of its own, which commits nothing, so that consumers do not notice.
 */
import { randomUUID } from 'node:crypto';
import type { EventBatch } from '../../../engine/ports/event-source.ts';
import { createKafkaSource, type KafkaSourceOptions } from './event-source.kafka.ts';
import { HandOver } from './hand-over.ts';
import { createKafkaClient } from './kafka-client.ts';

export interface TopicReading
  extends Pick<KafkaSourceOptions, 'connection' | 'topic' | 'clock' | 'timers' | 'onLog' | 'onProblem'> {
  /** Messages that were sent before then may be left out, epoch ms. */
  readonly sinceMs: number;
}

const RETRY_MS = 500;
/** In a row, without an event between them: some seconds. */
const FAILURES_MAX = 10;

/**
 * Batches of all partitions, each partition in order, up to where they ended when this began. Holds one at a time. Rejects when
 * Kafka cannot be reached, or stays away.
 */
export async function* readTopic(reading: TopicReading): AsyncGenerator<EventBatch, void, undefined> {
  const unread = await unreadOf(reading);
  if (unread.size === 0) return;
  const batches = new HandOver<EventBatch>();
  let failures = 0;
  const source = createKafkaSource({
    ...reading,
    groupId: `${reading.topic}.replay-${randomUUID()}`,
    concurrency: 1,
    retryMs: RETRY_MS,
  });
  const consumption = await source.consume({
    // Nothing more is wanted of what is read: where Kafka began is as good as anywhere.
    positionOf: async (partition) => unread.get(partition)?.from ?? null,
    handle: async ({ partition, events }) => {
      const bounds = unread.get(partition);
      if (bounds === undefined) return;
      const wanted = events.filter(({ offset }) => offset >= bounds.from && offset < bounds.end);
      if (wanted.length > 0) await batches.give({ partition, events: wanted });
      failures = 0;
      const from = events.at(-1)!.offset + 1;
      if (from < bounds.end) unread.set(partition, { from, end: bounds.end });
      else unread.delete(partition);
      if (unread.size === 0) batches.end();
    },
    onFailure: (error) => {
      failures += 1;
      if (failures === FAILURES_MAX) batches.fail(error);
    },
  });
  try {
    for (let batch = await batches.next(); batch !== null; batch = await batches.next()) yield batch;
  } finally {
    batches.end();
    await consumption.close();
  }
}

/** Next offset that is wanted, and where the partition ends; by partition, where anything is. */
async function unreadOf({
  connection,
  topic,
  sinceMs,
  onLog,
}: TopicReading): Promise<Map<number, { readonly from: number; readonly end: number }>> {
  const admin = createKafkaClient(connection, onLog).admin();
  await admin.connect();
  try {
    const since = await admin.fetchTopicOffsetsByTimestamp(topic, sinceMs);
    const starts = new Map(since.map(({ partition, offset }) => [partition, Number(offset)]));
    const unread = new Map<number, { readonly from: number; readonly end: number }>();
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const [from, end] = [Math.max(Number(low), starts.get(partition) ?? 0), Number(high)];
      if (from < end) unread.set(partition, { from, end });
    }
    return unread;
  } finally {
    await admin.disconnect();
  }
}
