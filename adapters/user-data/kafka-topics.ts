/**
 * The topics of events, as a deletion sees them. A topic gives nothing back but by its retention: nothing is erased here. What is
 * found is waited for, and when Kafka has forgotten the last of it, everything is read once more.
 */
import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';
import type { ErasedUsers, UserDataStore } from '../../engine/ports/user-data-store.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from '../event-log/kafka/kafka-client.ts';

export interface KafkaUserDataOptions {
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  /** Before the name of the consumer group that a search reads as. */
  readonly groupPrefix: string;
  readonly onLog: KafkaLog;
}

/** Offsets by partition of a topic. */
type Offsets = Map<number, number>;

interface Watermarks {
  readonly low: Offsets;
  readonly high: Offsets;
}

interface Found {
  count: number;
  /** Of the last record that holds something, by topic and partition. */
  readonly last: ReadonlyMap<string, Offsets>;
}

export function kafkaUserData(options: KafkaUserDataOptions): UserDataStore {
  /** What searches have found and Kafka still keeps: it need not be read again before that is over. */
  const kept = new Map<string, Found>();
  return {
    name: 'kafka',
    erase: async () => 0,
    search: async (users) => {
      const kafka = createKafkaClient(options.connection, options.onLog);
      const admin = kafka.admin();
      await admin.connect();
      try {
        const marks = await watermarksOf(admin, options.topics);
        const name = users.eventKeys.join();
        const before = kept.get(name);
        if (before !== undefined && isKept(before, marks)) return before.count;
        const found = await searchTopics(kafka, admin, { ...options, marks, users });
        if (found.count === 0) kept.delete(name);
        else kept.set(name, found);
        return found.count;
      } finally {
        await admin.disconnect();
      }
    },
  };
}

async function watermarksOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, Watermarks>> {
  const present = new Set(await admin.listTopics());
  const marks = new Map<string, Watermarks>();
  for (const topic of topics.filter((one) => present.has(one))) {
    const partitions = await admin.fetchTopicOffsets(topic);
    const offsets = (mark: 'low' | 'high'): Offsets =>
      new Map(partitions.map((each) => [each.partition, Number(each[mark])]));
    marks.set(topic, { low: offsets('low'), high: offsets('high') });
  }
  return marks;
}

function isKept({ last }: Found, marks: ReadonlyMap<string, Watermarks>): boolean {
  for (const [topic, offsets] of last) {
    for (const [partition, offset] of offsets) if ((marks.get(topic)?.low.get(partition) ?? 0) <= offset) return true;
  }
  return false;
}

interface TopicSearch extends Pick<KafkaUserDataOptions, 'groupPrefix'> {
  readonly marks: ReadonlyMap<string, Watermarks>;
  readonly users: ErasedUsers;
}

/** All partitions from their oldest record to the newest of now: key and value, whatever they mean. */
async function searchTopics(kafka: Kafka, admin: Admin, { groupPrefix, marks, users }: TopicSearch): Promise<Found> {
  const needles = users.eventKeys.map((key) => Buffer.from(key, 'latin1'));
  const last = new Map<string, Offsets>([...marks.keys()].map((topic) => [topic, new Map()]));
  const found: Found = { count: 0, last };
  const unread = new Set<string>();
  for (const [topic, { low, high }] of marks) {
    for (const [partition, end] of high) if ((low.get(partition) ?? 0) < end) unread.add(`${topic}/${partition}`);
  }
  if (unread.size === 0) return found;
  const groupId = `${groupPrefix}deletion-search-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, retry: { retries: 3 } });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...marks.keys()], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      void consumer
        .run({
          autoCommit: false,
          eachBatchAutoResolve: true,
          eachBatch: async ({ batch: { topic, partition, messages } }) => {
            for (const { offset, key, value } of messages) {
              if (!needles.some((needle) => holds(key, needle) || holds(value, needle))) continue;
              found.count += 1;
              last.get(topic)!.set(partition, Number(offset));
            }
            const end = marks.get(topic)!.high.get(partition) ?? 0;
            if (Number(messages.at(-1)?.offset ?? -1) + 1 >= end) unread.delete(`${topic}/${partition}`);
            if (unread.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => {});
  }
  return found;
}

function holds(bytes: Buffer | null, needle: Buffer): boolean {
  return bytes?.includes(needle) ?? false;
}
