/** Events of Kafka, and where those go that cannot be billed. */
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { createKafkaSource } from '../adapters/event-log/kafka/event-source.kafka.ts';
import { deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { missingEvents } from '../adapters/event-log/reader.ts';
import type { EventSender } from '../engine/ports/event-sender.ts';
import { deadLetterCopies } from './dead-letter-copies.ts';
import type { NamedSource } from './embedded-events.ts';
import type { BilledSource } from './event-billing.ts';
import { kafkaConnection } from './kafka.ts';
import type { Parts } from './parts.ts';

/** Partitions handled at a time: of those that bill, as many transactions. */
const CONCURRENCY = 4;
const RETRY_MS = 500;

export function kafkaSource(parts: Parts): BilledSource {
  const { config, timers, log, closing } = parts;
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
  const { source, name } = kafkaEvents(parts, 'billing');
  return { source, topic, books: { source: name, copyDeadLetters: deadLetterCopies(deadLetters, onRefused) } };
}

/** As places in it are kept under. */
export function kafkaSourceName(topicPrefix: string): string {
  return `kafka:${eventsTopic(topicPrefix)}`;
}

/** `group`: all that make the same of events, of all machines; they share the partitions. */
export function kafkaEvents({ config, clock, timers, metrics, log }: Parts, group: string): NamedSource {
  const { kafka } = config.events;
  const topic = eventsTopic(kafka.topicPrefix);
  return {
    source: createKafkaSource({
      connection: kafkaConnection(kafka),
      topic,
      groupId: `${kafka.topicPrefix}${group}`,
      concurrency: CONCURRENCY,
      retryMs: RETRY_MS,
      clock,
      timers,
      onLog: (line) => log.debug(line, 'kafka'),
      onProblem: (partition, problem) => {
        metrics.eventsMissing(group, missingEvents(problem));
        log.error({ partition, problem }, `${group}: events are missing`);
      },
    }),
    name: kafkaSourceName(kafka.topicPrefix),
  };
}

/** To the topic of events, beside the outboxes of engines. */
export function kafkaEventSender({ config, timers, log, closing }: Parts): EventSender {
  const { kafka } = config.events;
  const sender = createKafkaSender({
    connection: kafkaConnection(kafka),
    topic: eventsTopic(kafka.topicPrefix),
    compression: kafka.compression,
    timers,
    onLog: (line) => log.debug(line, 'kafka'),
  });
  closing(sender.close);
  return sender;
}
