/** The topics of events and of dead letters, to be searched for a user. */
import { deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { kafkaUserData } from '../adapters/user-data/kafka-topics.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import { kafkaConnection } from './kafka.ts';
import type { Parts } from './parts.ts';

export function topicsOfUsers({ config, clock, log }: Parts): UserDataStore {
  const { kafka } = config.events;
  return kafkaUserData({
    connection: kafkaConnection(kafka),
    topics: [eventsTopic(kafka.topicPrefix), deadLettersTopic(kafka.topicPrefix)],
    groupPrefix: kafka.topicPrefix,
    nowMs: clock.monotonicMs,
    onLog: (line) => log.debug(line, 'kafka'),
  });
}
