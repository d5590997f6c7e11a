/** Stores events of what the books have booked by themselves in this process's event log. */
import type { EventsActor } from '../actors/events-actor.ts';
import type { Books } from './books.ts';
import { tellOutage } from './outages.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

const INTERVAL_MS = 500;
/** At about 1 KB each, a batch of the log. */
const AT_ONCE = 500;

/** Goes on until the end of the parts. Gives what does it now: for whoever answers behind it. Never rejects. */
export function storeBookedEvents(
  parts: Parts,
  { books, events }: { readonly books: Pick<Books, 'bookedEvents'>; readonly events: Pick<EventsActor, 'store'> },
): () => Promise<void> {
  const { bookedEvents: booked } = books;
  const storeSome = async (): Promise<boolean> => {
    const taken = await booked.take(AT_ONCE);
    const areStored = await Promise.all(taken.map(events.store));
    const ids = taken.flatMap(({ id }, at) => (areStored[at] ? id : []));
    if (ids.length > 0) await booked.stored(ids);
    // What could not be stored comes again by itself.
    return ids.length === AT_ONCE;
  };
  const outage = tellOutage(parts, {
    failed: 'events of what was booked could not be stored; they wait in the books',
    recovered: 'events of what was booked are stored again',
  });
  const storeAll = async (): Promise<void> => {
    try {
      while (await storeSome());
      outage.succeeded();
    } catch (error) {
      outage.failed(error);
    }
  };
  repeat(parts, INTERVAL_MS, storeAll);
  return storeAll;
}
