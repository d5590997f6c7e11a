/** Kafka as it is configured, and its topics. */
import { readFileSync } from 'node:fs';
import type { KafkaConnection, KafkaCredentials } from '../adapters/event-log/kafka/kafka-client.ts';
import {
  applyTopics,
  deadLettersTopic,
  eventsTopic,
  type TopicPlan,
  type TopicState,
} from '../adapters/event-log/kafka/topics.ts';
import { ConfigError } from '../config/load.ts';
import type { EventsKafkaConfig } from '../config/types.ts';

/** Throws a `ConfigError` when the file with certificates cannot be read. */
export function kafkaConnection(kafka: EventsKafkaConfig): KafkaConnection {
  const { brokers, clientId, tls, tlsCaFile, requestTimeoutMs } = kafka;
  return {
    brokers: brokers.split(','),
    clientId,
    tls: tls ? { ca: tlsCaFile === '' ? null : readCertificates(tlsCaFile) } : null,
    sasl: credentialsOf(kafka),
    requestTimeoutMs,
  };
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(`configuration: events.kafka.tlsCaFile: ${path}: cannot be read (${code})`);
  }
}

function credentialsOf({ saslMechanism, saslUsername, saslPassword }: EventsKafkaConfig): KafkaCredentials | null {
  if (saslMechanism === 'none') return null;
  return { mechanism: saslMechanism, username: saslUsername, password: saslPassword };
}

/** Of consumers' dead letters there are few. */
const DEAD_LETTERS_PARTITIONS = 1;

/** Makes and adjusts all topics that engine and consumers use. Rejects when Kafka cannot be reached, or refuses. */
export function applyAllTopics(
  kafka: EventsKafkaConfig,
  plan: Omit<TopicPlan, 'name'>,
): Promise<readonly TopicState[]> {
  const plans = [
    { ...plan, name: eventsTopic(kafka.topicPrefix) },
    { ...plan, name: deadLettersTopic(kafka.topicPrefix), partitions: DEAD_LETTERS_PARTITIONS },
  ];
  return applyTopics(kafkaConnection(kafka), plans, () => {});
}
