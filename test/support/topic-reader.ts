/** Everything that is in a topic, by a plain consumer of kafkajs: what Gavel says of it does not count here. */
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';

export interface TopicMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly id: string;
  readonly type: string;
  readonly value: string;
}

/** Up to where the topic ends when it is called, partition by partition. */
export async function readTopic(brokers: string, topic: string): Promise<TopicMessage[]> {
  const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING });
  const ends = await topicEnds(brokers, topic);
  const missing = new Map([...ends].filter(([, end]) => end > 0));
  const messages: TopicMessage[] = [];
  if (missing.size === 0) return messages;
  const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    const onMessage = (message: TopicMessage): void => {
      messages.push(message);
      if (message.offset + 1 >= (missing.get(message.partition) ?? 0)) missing.delete(message.partition);
      if (missing.size === 0) resolve();
    };
    consumer
      .run({
        eachMessage: async ({ partition, message: { offset, key, value, headers } }) =>
          onMessage({
            partition,
            offset: Number(offset),
            key: key?.toString() ?? null,
            id: String(headers?.id),
            type: String(headers?.type),
            value: String(value),
          }),
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return messages.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Offset behind the last message, by partition. */
export async function topicEnds(brokers: string, topic: string): Promise<Map<number, number>> {
  const admin = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  } finally {
    await admin.disconnect();
  }
}
