import { beforeEach, describe, expect, it } from 'vitest';
import type { BookingFilter, BookingState } from '../ports/booking-filter.ts';
import type { BillResult } from '../ports/budget-ledger.ts';
import type { Booked, Bookings, EventBooks, Receivable } from '../ports/event-books.ts';
import { filteredBooks } from './filtered-books.ts';

let states: readonly BookingState[] | null;
let booked: Booked;
let failure: Error | null;
/** What happened, in order. */
let seen: string[];
let books: EventBooks;

beforeEach(() => {
  states = null;
  booked = { bills: [], receivables: [] };
  failure = null;
  seen = [];
  const inner: EventBooks = {
    claim: async () => ({ epoch: 1, nextOffset: null }),
    placeOf: async () => null,
    book: async ({ bills, receivables, reservations, toOffset }) => {
      const keys = [...bills, ...receivables, ...reservations].map(({ key }) => key);
      seen.push(`book ${keys.join(' ')} to ${toOffset}`);
      if (failure !== null) throw failure;
      return booked;
    },
  };
  const filter: BookingFilter = {
    begin: async (_part, keys) => {
      seen.push(`begin ${keys.join(' ')}`);
      return states;
    },
    done: (part, keys) => seen.push(`done ${keys.join(' ')} to ${part.toOffset}`),
    close: async () => {},
  };
  books = filteredBooks(inner, filter, {
    onAsked: (asked) => seen.push(asked.join(' ')),
    onSilent: () => seen.push('silent'),
  });
});

function bookings(parts: { bills?: string[]; receivables?: string[]; reservations?: string[] }): Bookings {
  const keyed = (keys: string[] = []) => keys.map((key) => ({ key }));
  return {
    partition: 0,
    from: { epoch: 1, nextOffset: 5 },
    toOffset: 9,
    bills: keyed(parts.bills) as unknown as Bookings['bills'],
    receivables: keyed(parts.receivables) as unknown as Receivable[],
    reservations: keyed(parts.reservations) as unknown as Bookings['reservations'],
    releases: [],
    pendingNotices: [],
    refunds: [],
    deadLetters: [],
  };
}

describe('books behind a filter', () => {
  it('get what is not done, and answer for the rest that it is repeated', async () => {
    states = ['done', 'in-flight', 'absent', 'done', 'absent'];
    booked = { bills: ['billed'], receivables: ['billed'] };
    const all = bookings({ bills: ['a', 'b'], receivables: ['c', 'd'], reservations: ['b'] });
    expect(await books.book(all)).toEqual({ bills: ['repeated', 'billed'], receivables: ['billed', 'repeated'] });
    expect(seen).toEqual([
      'begin a b c d b:reserved',
      'done in-flight absent done absent',
      'book b c b to 9',
      'done b c b:reserved to 9',
    ]);
  });

  it('get everything when the filter cannot be asked, and move the place when nothing is left', async () => {
    booked = { bills: ['repeated'], receivables: [] };
    await books.book(bookings({ bills: ['a'] }));
    states = ['done'];
    expect(await books.book(bookings({ bills: ['a'] }))).toMatchObject({ bills: ['repeated'] });
    expect(seen).toEqual([
      'begin a',
      'silent',
      'book a to 9',
      'done a to 9',
      'begin a',
      'done',
      'book  to 9',
      'done  to 9',
    ]);
  });

  it('tell the filter only what the books have committed', async () => {
    states = ['absent'];
    failure = new Error('the database is away');
    await expect(books.book(bookings({ bills: ['a'] }))).rejects.toThrow('away');
    expect(seen.filter((what) => what.startsWith('done'))).toEqual([]);
  });

  it('tell it nothing of what another copy may be billed for yet', async () => {
    const results: (BillResult | 'unknown-sale')[] = [
      'billed',
      'absorbed',
      'repeated',
      'unknown-sale',
      'unknown-account',
      'released-before',
    ];
    booked = { bills: results, receivables: ['released-before'] };
    await books.book(bookings({ bills: [...results], receivables: ['r'] }));
    expect(seen.at(-1)).toBe('done billed absorbed repeated to 9');
  });

  it('ask while much is repeated, and again as soon as it is', async () => {
    const keys = Array.from({ length: 20 }, (_, at) => `k${at}`);
    const round = async (repeated: number): Promise<boolean> => {
      seen = [];
      booked = { bills: keys.map((_, at) => (at < repeated ? 'repeated' : 'billed')), receivables: [] };
      await books.book(bookings({ bills: keys }));
      return seen.some((what) => what.startsWith('begin'));
    };
    expect(await round(1)).toBe(true);
    expect(await round(1)).toBe(false);
    expect(await round(2)).toBe(false);
    expect(await round(2)).toBe(true);
    expect(await round(0)).toBe(true);
    expect(await round(0)).toBe(false);
    await books.book(bookings({}));
    expect(await round(20)).toBe(false);
    expect(await round(20)).toBe(true);
  });
});
