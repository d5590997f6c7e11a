/**
 * Books behind a filter: what is known to be booked does not get to the database. The filter is asked while there is much that comes again,
 * as in a replay; of a few repetitions the database disposes at less cost than asking for all of them. It is told always.
 */
import type { BookingFilter, BookingState } from '../ports/booking-filter.ts';
import type { Booked, Bookings, EventBooks } from '../ports/event-books.ts';

/** Share of repetitions in the last batch from which on the filter is asked (docs/billing.md has the figures). */
export const ASKING_SHARE_MIN = 0.1;

export interface FilterObserver {
  /** Of one batch. */
  readonly onAsked: (states: readonly BookingState[]) => void;
  /** The filter could not be asked: all of it goes to the books. */
  readonly onSilent: () => void;
}

export function filteredBooks(books: EventBooks, filter: BookingFilter, observer: FilterObserver): EventBooks {
  let isAsking = true;
  return {
    claim: books.claim,
    placeOf: books.placeOf,
    book: async (bookings) => {
      const keys = keysOf(bookings);
      const states = isAsking && keys.length > 0 ? await filter.begin(bookings, keys) : null;
      if (states !== null) observer.onAsked(states);
      else if (isAsking && keys.length > 0) observer.onSilent();
      const isDone = (index: number): boolean => states?.[index] === 'done';
      const booked = withDropped(await books.book(withoutDone(bookings, isDone)), bookings, isDone);
      const settled = settledOf(bookings, booked);
      filter.done(
        bookings,
        keys.filter((_, index) => settled[index] && !isDone(index)),
      );
      const repeated = settled.length === 0 ? 0 : repeatedCount(booked) / settled.length;
      if (settled.length > 0) isAsking = repeated >= ASKING_SHARE_MIN;
      return booked;
    },
  };
}

/**
 * Bills, receivables, then reservations: most of what is booked, and what nothing that comes later makes mean something else. One key may be
 * both reserved and billed.
 */
function keysOf({ bills, receivables, reservations }: Bookings): string[] {
  return [
    ...bills.map(({ key }) => key),
    ...receivables.map(({ key }) => key),
    ...reservations.map(({ key }) => `${key}:reserved`),
  ];
}

function withoutDone(bookings: Bookings, isDone: (index: number) => boolean): Bookings {
  const { bills, receivables, reservations } = bookings;
  return {
    ...bookings,
    bills: bills.filter((_, at) => !isDone(at)),
    receivables: receivables.filter((_, at) => !isDone(bills.length + at)),
    reservations: reservations.filter((_, at) => !isDone(bills.length + receivables.length + at)),
  };
}

/** With a result for each booking: of one that is done, that it is repeated. */
function withDropped({ bills, receivables }: Booked, bookings: Bookings, isDone: (index: number) => boolean): Booked {
  let bill = 0;
  let receivable = 0;
  return {
    bills: bookings.bills.map((_, at) => (isDone(at) ? 'repeated' : bills[bill++]!)),
    receivables: bookings.receivables.map((_, at) =>
      isDone(bookings.bills.length + at) ? 'repeated' : receivables[receivable++]!,
    ),
  };
}

/** By key: whether the same would change nothing, whenever it comes. What no sale is known of may be billed once one is. */
function settledOf({ reservations }: Bookings, { bills, receivables }: Booked): boolean[] {
  return [
    ...bills.map((result) => result === 'billed' || result === 'absorbed' || result === 'repeated'),
    ...receivables.map((result) => result === 'billed' || result === 'repeated'),
    ...reservations.map(() => true),
  ];
}

function repeatedCount({ bills, receivables }: Booked): number {
  const isRepeated = (result: string): boolean => result === 'repeated';
  return bills.filter(isRepeated).length + receivables.filter(isRepeated).length;
}
