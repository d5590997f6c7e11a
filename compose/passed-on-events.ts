/** Events of a process that has no event log of its own: to where those of engines go. */
import type { EventsActor } from '../actors/events-actor.ts';
import { isBillingHere } from '../config/event-billing.ts';
import { partitionKey } from '../engine/events/event-keys.ts';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import type { Books } from './books.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface PassedOnEvents {
  /** Rejects when they could not be passed on: then they are lost, and counted. */
  readonly pass: (events: readonly OutcomeEvent[]) => Promise<void>;
}

const INTERVAL_MS = 500;
/** Of events that wait. Overflow policy `refuse-newest`, as that of the event log. */
const WAITING_MAX = 10_000;

/** Passes on what is recorded, some at a time, and at the end of the parts what is left. */
export function passOnEvents(parts: Parts, { pass }: PassedOnEvents): Pick<EventsActor, 'record'> {
  const { metrics, log, closing } = parts;
  let waiting: OutcomeEvent[] = [];
  const passAll = async (): Promise<void> => {
    const events = waiting;
    if (events.length === 0) return;
    waiting = [];
    try {
      await pass(events);
      metrics.eventsAcknowledged(events.length);
    } catch (err) {
      metrics.eventsDropped(events.length, 'append-failed');
      log.warn({ err }, 'events could not be passed on');
    }
  };
  closing(passAll);
  repeat(parts, INTERVAL_MS, passAll);
  return {
    record: (event) => {
      if (event.type === 'auction' || event.type === 'user_deletion') throw new Error(`engines record ${event.type}`);
      if (waiting.length >= WAITING_MAX) metrics.eventsDropped(1, 'queue-full');
      else waiting.push(event);
    },
  };
}

/**
 * With Kafka, to its topic; where engines bill, to the books, from which one of them takes it. Null: over the logs of engines that know of
 * no books, nobody would.
 */
export async function openPassedOnEvents(
  parts: Parts,
  { bookedEvents }: Pick<Books, 'bookedEvents'>,
): Promise<Pick<EventsActor, 'record'> | null> {
  const { config } = parts;
  if (config.events.kafka.brokers !== '') {
    const { kafkaEventSender } = await import('./kafka-source.ts');
    const sender = kafkaEventSender(parts);
    return passOnEvents(parts, { pass: (events) => sender.send(events.map(outgoing)) });
  }
  if (!isBillingHere(config)) return null;
  return passOnEvents(parts, { pass: bookedEvents.keep });
}

function outgoing(event: OutcomeEvent) {
  const { id, type } = event;
  return { id, key: partitionKey(event), type, payload: encodeEvent(event) };
}
