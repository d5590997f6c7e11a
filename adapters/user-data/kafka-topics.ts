/**
 * The topics of events, as a deletion sees them. A topic gives nothing back but by its retention: nothing is erased here. What is
 * found is waited for, and when Kafka has forgotten the last of it, everything is read once more.
 */
import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, KafkaMessage } from 'kafkajs';
import type { UserDataStore } from '../../engine/ports/user-data-store.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from '../event-log/kafka/kafka-client.ts';

export interface KafkaUserDataOptions {
  readonly connection: KafkaConnection;
  readonly topics: readonly string[];
  /** Before the name of the consumer group that a search reads as. */
  readonly groupPrefix: string;
  readonly onLog: KafkaLog;
  /** Any clock that only rises. */
  readonly nowMs: () => number;
}

/** Offsets by partition of a topic. */
type Offsets = Map<number, number>;

interface Watermarks {
  readonly low: Offsets;
  readonly high: Offsets;
}

interface Found {
  count: number;
  /** Offset of the last record that holds something, by topic and partition. */
  readonly last: Map<string, number>;
}

/** Users who are looked for. */
interface Wanted {
  readonly needles: readonly Buffer[];
  askedAtMs: number;
  /** Of a search that has begun after they were asked for; null: there was none yet. */
  found: Found | null;
}

/** Between two searches, in times of how long the last one took: they cost a tenth of one reader at most. */
const PAUSE_RATIO = 10;
/** Who is not asked for any longer has been certified by another engine. */
const FORGOTTEN_MS = 3_600_000;

/** One search looks for all who are asked for. */
export function kafkaUserData(options: KafkaUserDataOptions): UserDataStore {
  const wanted = new Map<string, Wanted>();
  let nextSearchAtMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'kafka',
    erase: async () => 0,
    search: async ({ eventKeys }) => {
      const name = eventKeys.join();
      const nowMs = options.nowMs();
      for (const [each, { askedAtMs }] of wanted) if (nowMs - askedAtMs > FORGOTTEN_MS) wanted.delete(each);
      const mine: Wanted = wanted.get(name) ?? { needles: eventKeys.map(bytesOf), askedAtMs: nowMs, found: null };
      mine.askedAtMs = nowMs;
      wanted.set(name, mine);
      return withAdmin(options, async (kafka, admin) => {
        const marks = await watermarksOf(admin, options.topics);
        if (mine.found !== null && mine.found.count > 0 && !isKept(mine.found, marks)) mine.found = null;
        if (mine.found === null) {
          if (options.nowMs() < nextSearchAtMs) throw new Error('waits for the next search of the topics');
          const beganAtMs = options.nowMs();
          await searchTopics(kafka, admin, { ...options, marks, wanted: [...wanted.values()] });
          nextSearchAtMs = options.nowMs() + PAUSE_RATIO * (options.nowMs() - beganAtMs);
        }
        const { count } = mine.found!;
        if (count === 0) wanted.delete(name);
        return count;
      });
    },
  };
}

function bytesOf(key: string): Buffer {
  return Buffer.from(key, 'latin1');
}

async function withAdmin<Result>(
  { connection, onLog }: KafkaUserDataOptions,
  work: (kafka: Kafka, admin: Admin) => Promise<Result>,
): Promise<Result> {
  const kafka = createKafkaClient(connection, onLog);
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(kafka, admin);
  } finally {
    await admin.disconnect();
  }
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
  for (const [topic, { low }] of marks) {
    for (const [partition, oldest] of low) if (oldest <= (last.get(`${topic}/${partition}`) ?? -1)) return true;
  }
  return false;
}

interface TopicSearch extends Pick<KafkaUserDataOptions, 'groupPrefix'> {
  readonly marks: ReadonlyMap<string, Watermarks>;
  readonly wanted: readonly Wanted[];
}

/** All partitions from their oldest record to the newest of now: key and value, whatever they mean. */
async function searchTopics(kafka: Kafka, admin: Admin, { groupPrefix, marks, wanted }: TopicSearch): Promise<void> {
  const searched = wanted.map((one) => ({ one, found: { count: 0, last: new Map<string, number>() } }));
  const unread = new Map<string, number>();
  for (const [topic, { low, high }] of marks) {
    for (const [partition, end] of high) if (low.get(partition)! < end) unread.set(`${topic}/${partition}`, end);
  }
  const groupId = `${groupPrefix}deletion-search-${randomUUID()}`;
  await readAll(kafka, admin, { groupId, topics: [...marks.keys()], unread }, (place, message) => {
    for (const { one, found } of searched) {
      if (!one.needles.some((needle) => holds(message.key, needle) || holds(message.value, needle))) continue;
      found.count += 1;
      found.last.set(place, Number(message.offset));
    }
  });
  // A search that broke off has found nothing out.
  for (const { one, found } of searched) one.found = found;
}

interface Reading {
  readonly groupId: string;
  readonly topics: string[];
  /** Ends by topic and partition; empty when all have been read. */
  readonly unread: Map<string, number>;
}

async function readAll(
  kafka: Kafka,
  admin: Admin,
  { groupId, topics, unread }: Reading,
  onMessage: (place: string, message: KafkaMessage) => void,
): Promise<void> {
  if (unread.size === 0) return;
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch: { topic, partition, messages } }) => {
            const place = `${topic}/${partition}`;
            for (const message of messages) onMessage(place, message);
            if (Number(messages.at(-1)?.offset ?? -1) + 1 >= (unread.get(place) ?? 0)) unread.delete(place);
            if (unread.size === 0) resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
    // It is nobody's any more; brokers forget it by themselves otherwise.
    await admin.deleteGroups([groupId]).catch(() => {});
  }
}

function holds(bytes: Buffer | null, needle: Buffer): boolean {
  return bytes?.includes(needle) ?? false;
}
