/** Events that could not be booked, on their way to a broker besides. */
import type { DeadLetter } from '../engine/ports/event-books.ts';
import { EventSendError, type EventSender, type OutgoingEvent } from '../engine/ports/event-sender.ts';

/**
 * Partitions are booked side by side, and a sender takes one call at a time. What the broker takes in no case is told to
 * `onRefused` and left out: the books keep it, and its partition must not stand still for a copy.
 */
export function deadLetterCopies(
  sender: EventSender,
  onRefused: (id: string, error: unknown) => void,
): (partition: number, letters: readonly DeadLetter[]) => Promise<void> {
  const send = async (events: readonly OutgoingEvent[]): Promise<void> => {
    try {
      await sender.send(events);
    } catch (error) {
      if (!(error instanceof EventSendError) || error.code !== 'refused') throw error;
      if (events.length === 1) onRefused(events[0]!.id, error);
      else for (const event of events) await send([event]);
    }
  };
  let last: Promise<void> = Promise.resolve();
  return (partition, letters) => {
    const events = letters.map((letter) => outgoing(partition, letter));
    last = last.catch(() => {}).then(() => send(events));
    return last;
  };
}

function outgoing(partition: number, letter: DeadLetter): OutgoingEvent {
  const { offset, type, reason, message, tries, payload } = letter;
  const headers = { reason, message, tries: String(tries), partition: String(partition), offset: String(offset) };
  return { id: `${partition}:${offset}`, key: null, type, payload, headers };
}
