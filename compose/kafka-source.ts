/** Events of Kafka, to be billed, and where those go that cannot be. */
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { createKafkaSource } from '../adapters/event-log/kafka/event-source.kafka.ts';
import { deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { deadLetterCopies } from './dead-letter-copies.ts';
import type { BilledSource } from './event-billing.ts';
import { kafkaConnection } from './kafka.ts';
import type { Parts } from './parts.ts';

/** All that bill, of all machines: they share the partitions. */
const GROUP = 'billing';
/** Partitions booked at a time: as many transactions. */
const CONCURRENCY = 4;
const RETRY_MS = 500;

export function kafkaSource({ config, timers, log, closing }: Parts): BilledSource {
  const { kafka } = config.events;
  const connection = kafkaConnection(kafka);
  const topic = eventsTopic(kafka.topicPrefix);
  const onLog = (line: { readonly message: string }): void => log.debug(line, 'kafka');
  const deadLetters = createKafkaSender({
    connection,
    topic: deadLettersTopic(kafka.topicPrefix),
    compression: kafka.compression,
    timers,
    onLog,
  });
  closing(deadLetters.close);
  const onRefused = (id: string, err: unknown): void =>
    log.error({ id, err }, 'billing: Kafka will never take a dead letter; it is in the database alone');
  return {
    source: createKafkaSource({
      connection,
      topic,
      groupId: `${kafka.topicPrefix}${GROUP}`,
      concurrency: CONCURRENCY,
      retryMs: RETRY_MS,
      timers,
      onLog,
    }),
    topic,
    books: { source: `kafka:${topic}`, copyDeadLetters: deadLetterCopies(deadLetters, onRefused) },
  };
}
