/** Events of Kafka, to be billed, and where those go that cannot be. */
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { createKafkaSource } from '../adapters/event-log/kafka/event-source.kafka.ts';
import { deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import type { DeadLetter } from '../engine/ports/event-books.ts';
import type { EventSender } from '../engine/ports/event-sender.ts';
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
    books: { source: `kafka:${topic}`, copyDeadLetters: oneAtATime(deadLetters) },
  };
}

/** To the topic of events, beside the outboxes of engines. */
export function kafkaEvents({ config, timers, log, closing }: Parts): EventSender {
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
