import { expect, it } from 'vitest';
import { type EventBooks, MovedPlaceError, type Place } from '../ports/event-books.ts';
import { BillingConsumer } from './billing-consumer.ts';
import { encodeEvent } from './read-event.ts';
import { buildOutcome } from './testing/build-events.ts';

/** Books that keep nothing but the place. */
function booksAt(stored: { place: Place }): EventBooks {
  return {
    claim: async () => {
      stored.place = { ...stored.place, epoch: stored.place.epoch + 1 };
      return stored.place;
    },
    placeOf: async () => stored.place,
    book: async ({ from, toOffset }) => {
      if (from.nextOffset !== stored.place.nextOffset || from.epoch !== stored.place.epoch) {
        throw new MovedPlaceError('elsewhere');
      }
      stored.place = { ...stored.place, nextOffset: toOffset };
      return { bills: [], receivables: [] };
    },
  };
}

it('of books that are an older copy it asks where to go on, and books nothing behind what they have lost', async () => {
  const stored: { place: Place } = { place: { epoch: 1, nextOffset: null } };
  const consumer = new BillingConsumer({
    books: booksAt(stored),
    billableForMs: () => 1000,
    observer: { onBooked: () => {}, onLate: () => {}, onSetAside: () => {}, onFenced: () => {}, onFailure: () => {} },
  });
  const payload = encodeEvent(buildOutcome('viewable'));
  const batch = (offset: number) => ({
    partition: 0,
    events: [{ offset, id: `0:${offset}`, key: null, type: 'viewable', payload }],
  });
  await consumer.positionOf(0);
  await consumer.handle(batch(4));
  const older = stored.place;
  await consumer.handle(batch(5));
  stored.place = older;
  await expect(consumer.handle(batch(6))).rejects.toMatchObject({ name: 'MovedPlaceError' });
  await expect(consumer.handle(batch(6))).rejects.toMatchObject({ name: 'PlaceLostError' });
  expect(stored.place).toEqual(older);
  expect(await consumer.positionOf(0)).toBe(5);
  await consumer.handle(batch(5));
  await consumer.handle(batch(6));
  expect(stored.place.nextOffset).toBe(7);
});
