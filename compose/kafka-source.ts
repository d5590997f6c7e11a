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
import type { OutsideKafka } from './outside-stores.ts';
import type { Parts } from './parts.ts';

/** Partitions handled at a time: of those that bill, as many transactions. */
const CONCURRENCY = 4;
const RETRY_MS = 500;

export function kafkaSource(parts: Parts): BilledSource {
  const { log, closing } = parts;
  const { topicPrefix } = parts.config.events.kafka;
  const deadLetters = kafkaSender(parts, deadLettersTopic(topicPrefix));
  closing(deadLetters.close);
  const onRefused = (id: string, err: unknown): void =>
    log.error({ id, err }, 'billing: Kafka will never take a dead letter; it is in the database alone');
  const { source, name } = kafkaEvents(parts, 'billing');
  return {
    source,
    topic: eventsTopic(topicPrefix),
    books: { source: name, copyDeadLetters: deadLetterCopies(deadLetters, onRefused) },
  };
}

/** As places in it are kept under. */
export function kafkaSourceName(topicPrefix: string): string {
  return `kafka:${eventsTopic(topicPrefix)}`;
}

/** `group`: all that make the same of events, of all machines; they share the partitions. */
export function kafkaEvents({ config, clock, timers, stores, metrics, log }: Parts, group: string): NamedSource {
  const { kafka } = config.events;
  const options: Parameters<OutsideKafka['createSource']>[0] = {
    topic: eventsTopic(kafka.topicPrefix),
    groupId: `${kafka.topicPrefix}${group}`,
    retryMs: RETRY_MS,
    clock,
    timers,
    onProblem: (partition, problem) => {
      metrics.eventsMissing(group, missingEvents(problem));
      log.error({ partition, problem }, `${group}: events are missing`);
    },
  };
  const source =
    stores.kafka?.createSource(options) ??
    createKafkaSource({
      ...options,
      connection: kafkaConnection(kafka),
      concurrency: CONCURRENCY,
      onLog: (line) => log.debug(line, 'kafka'),
    });
  return { source, name: kafkaSourceName(kafka.topicPrefix) };
}

/** To the topic of events, beside the outboxes of engines. */
export function kafkaEventSender(parts: Parts): EventSender {
  const sender = kafkaSender(parts, eventsTopic(parts.config.events.kafka.topicPrefix));
  parts.closing(sender.close);
  return sender;
}

/** Closing is its owner's. */
export function kafkaSender({ config, timers, stores, log }: Parts, topic: string): EventSender {
  const { kafka } = config.events;
  return (
    stores.kafka?.createSender({ topic }) ??
    createKafkaSender({
      connection: kafkaConnection(kafka),
      topic,
      compression: kafka.compression,
      timers,
      onLog: (line) => log.debug(line, 'kafka'),
    })
  );
}
