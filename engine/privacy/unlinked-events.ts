/** An `EventConsumer` that learns nothing of deleted users: what was stored before, and is read late, comes to it as of nobody. */
import type { EventConsumer, SourcedEvent } from '../ports/event-source.ts';
import { withoutAnyUserKey } from './without-user-key.ts';

/** `isUnlinked` is asked by the key that events are spread by, which is the user's where one is known. */
export function withoutUnlinkedUsers(consumer: EventConsumer, isUnlinked: (key: string) => boolean): EventConsumer {
  const unlinked = (event: SourcedEvent): SourcedEvent => {
    if (event.key === null || !isUnlinked(event.key)) return event;
    const payload = Buffer.from(event.payload);
    withoutAnyUserKey(payload);
    return { ...event, payload };
  };
  return {
    positionOf: (partition, end) => consumer.positionOf(partition, end),
    onFailure: (error) => consumer.onFailure(error),
    handle: ({ partition, events }) => consumer.handle({ partition, events: events.map(unlinked) }),
  };
}
