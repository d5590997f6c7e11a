/** Events of Kafka, and where those go that cannot be billed. */
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { createKafkaSource } from '../adapters/event-log/kafka/event-source.kafka.ts';
import { deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import type { DeadLetter } from '../engine/ports/event-books.ts';
import type { EventSender } from '../engine/ports/event-sender.ts';
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
  const { source, name } = kafkaEvents(parts, 'billing');
  return { source, topic, books: { source: name, copyDeadLetters: oneAtATime(deadLetters) } };
}

/** `group`: all that make the same of events, of all machines; they share the partitions. */
export function kafkaEvents({ config, timers, log }: Parts, group: string): NamedSource {
  const { kafka } = config.events;
  const topic = eventsTopic(kafka.topicPrefix);
  return {
    source: createKafkaSource({
      connection: kafkaConnection(kafka),
      topic,
      groupId: `${kafka.topicPrefix}${group}`,
      concurrency: CONCURRENCY,
      retryMs: RETRY_MS,
      timers,
      onLog: (line) => log.debug(line, 'kafka'),
    }),
    name: `kafka:${topic}`,
  };
}

/** Partitions are booked side by side, and a sender takes one call at a time. */
function oneAtATime(sender: EventSender): BilledSource['books']['copyDeadLetters'] {
  let last: Promise<void> = Promise.resolve();
  return (partition, letters) => {
    const events = letters.map((letter) => outgoing(partition, letter));
    last = last.catch(() => {}).then(() => sender.send(events));
    return last;
  };
}

function outgoing(partition: number, { offset, type, reason, message, tries, payload }: DeadLetter) {
  const headers = { reason, message, tries: String(tries), partition: String(partition), offset: String(offset) };
  return { id: `${partition}:${offset}`, key: null, type, payload, headers };
}
