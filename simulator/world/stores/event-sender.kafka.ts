/** The `EventSender` of one process to a topic of the Kafka of a world. */
import { EventSendError, type EventSender } from '../../../engine/ports/event-sender.ts';
import { type Link, LinkError } from '../link.ts';
import type { MemoryKafka } from './kafka.ts';

export interface WorldSenderOptions {
  readonly kafka: MemoryKafka;
  readonly link: Link;
  readonly topic: string;
}

/** The topics of the product take every event that its log takes: nothing is refused. */
export function createWorldSender({ kafka, link, topic }: WorldSenderOptions): EventSender {
  let isClosed = false;
  return {
    send: async (events) => {
      if (isClosed) throw new EventSendError('unavailable', 'the sender is closed');
      if (events.length === 0) return;
      try {
        await link.call(() => kafka.append(topic, events));
      } catch (cause) {
        if (!(cause instanceof LinkError)) throw cause;
        throw new EventSendError('unavailable', `Kafka did not take events: ${cause.message}`, { cause });
      }
    },
    close: async () => {
      isClosed = true;
    },
  };
}
