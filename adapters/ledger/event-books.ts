/** The `EventBooks` over the database of the ledger. */
import { storable } from '../../engine/campaign/storable.ts';
import type { BillResult } from '../../engine/ports/budget-ledger.ts';
import {
  type Booked,
  type Bookings,
  type DeadLetter,
  type EventBooks,
  MovedPlaceError,
  type Place,
} from '../../engine/ports/event-books.ts';
import { withoutAnyUserKey } from '../../engine/privacy/without-user-key.ts';
import { Books } from './books.ts';
import { checkBill, checkReservation } from './call-arguments.ts';
import { bill, release, reserve } from './charges.ts';
import { ConflictError, type Database, type Queryable } from './database.ts';
import { leasesOfCharges } from './ledger.ts';
import { handOnPendingNotices, keepPendingNotices } from './pending-notices.ts';
import { bookReceivables, refundReceivables } from './receivables.ts';
import { CHARGE, type ChargeRow, selectRows } from './rows.ts';

export interface EventBooksOptions {
  /** Which log or topic, the same for ever: offsets count within it. */
  readonly source: string;
  /** As `LedgerOptions.feePpm`. */
  readonly feePpm: number;
  /** As `LedgerOptions.nowMs`. */
  readonly nowMs: (() => number) | null;
  /** Where dead letters go besides, before they are booked: some may come there twice. */
  readonly copyDeadLetters: (partition: number, letters: readonly DeadLetter[]) => Promise<void>;
}

export const EVENT_BOOKS_SQL = {
  claim: `INSERT INTO consumer_offset (source, partition, epoch) VALUES ($1, $2, 1)
    ON CONFLICT (source, partition) DO UPDATE SET epoch = consumer_offset.epoch + 1,
      next_offset = CASE WHEN consumer_offset.next_offset > $3::bigint THEN $3 ELSE consumer_offset.next_offset END
    RETURNING epoch, next_offset`,
  placeOf: 'SELECT epoch, next_offset FROM consumer_offset WHERE source = $1 AND partition = $2',
  movePlace: `UPDATE consumer_offset SET next_offset = $5 WHERE source = $1 AND partition = $2 AND epoch = $3
    AND next_offset IS NOT DISTINCT FROM $4 RETURNING epoch`,
  forgetPlaces: 'UPDATE consumer_offset SET next_offset = NULL, epoch = epoch + 1 WHERE source = $1',
  keepLetter: `INSERT INTO dead_letter (source, partition, log_offset, type, reason, message, tries, at_ms, payload)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
} as const;

/** The database must be migrated. */
export function openEventBooks(database: Database, options: EventBooksOptions): EventBooks {
  return {
    claim: (partition, end) => claim(database, options.source, partition, end),
    placeOf: (partition) => placeOf(database, options.source, partition),
    book: (bookings) => {
      bookings.reservations.forEach(checkReservation);
      bookings.bills.forEach(checkBill);
      return bookCopied(database, bookings, options);
    },
  };
}

/** What has to be copied before it may be booked: some letters only the books themselves bring about. */
class UncopiedLettersError extends Error {
  override readonly name = 'UncopiedLettersError';
  readonly letters: readonly DeadLetter[];

  constructor(letters: readonly DeadLetter[]) {
    super(`${letters.length} dead letters are not copied yet`);
    this.letters = letters;
  }
}

/** No copy goes out within a transaction, which would hold its locks for as long as whoever takes them is slow. */
async function bookCopied(database: Database, bookings: Bookings, options: EventBooksOptions): Promise<Booked> {
  const copied = new Set<number>();
  for (;;) {
    try {
      return await database.transaction((tx) => book(tx, bookings, options, copied));
    } catch (error) {
      if (!(error instanceof UncopiedLettersError)) throw error;
      await options.copyDeadLetters(bookings.partition, error.letters);
      for (const { offset } of error.letters) copied.add(offset);
    }
  }
}

/** Whoever claims a partition of it next begins at its oldest event. */
export async function forgetPlaces(database: Queryable, source: string): Promise<void> {
  await database.query(EVENT_BOOKS_SQL.forgetPlaces, [source]);
}

interface PlaceRow {
  readonly epoch: bigint;
  readonly next_offset: bigint | null;
  readonly [column: string]: unknown;
}

async function claim(database: Database, source: string, partition: number, end: number | null): Promise<Place> {
  const [row] = await database.query<PlaceRow>(EVENT_BOOKS_SQL.claim, [source, partition, end]);
  return toPlace(row!);
}

async function placeOf(database: Queryable, source: string, partition: number): Promise<Place | null> {
  const [row] = await database.query<PlaceRow>(EVENT_BOOKS_SQL.placeOf, [source, partition]);
  return row === undefined ? null : toPlace(row);
}

function toPlace({ epoch, next_offset }: PlaceRow): Place {
  return { epoch: Number(epoch), nextOffset: next_offset === null ? null : Number(next_offset) };
}

async function book(
  tx: Queryable,
  bookings: Bookings,
  options: EventBooksOptions,
  copied: ReadonlySet<number>,
): Promise<Booked> {
  await movePlace(tx, bookings, options.source);
  const books = await openBooks(tx, bookings, options.nowMs?.() ?? null);
  const letters = [...bookings.deadLetters];
  // In this order a batch means the same however its events are mixed: what is won, what is due, what is undone.
  for (const reservation of bookings.reservations) reserve(books, reservation, options.feePpm);
  const bills = bookings.bills.map((wanted): BillResult | 'unknown-sale' => {
    if (books.charge(wanted.key) !== undefined || books.lease(wanted) !== undefined) {
      return bill(books, wanted, options.feePpm);
    }
    const message = `no lease ${wanted.accountId}#${wanted.epoch}.${wanted.sequence}, no reservation ${wanted.key}`;
    letters.push({ ...wanted.origin, reason: 'unknown-sale', message, tries: 1 });
    return 'unknown-sale';
  });
  for (const { key, reason } of bookings.releases) release(books, key, reason);
  const uncopied = letters.filter(({ offset }) => !copied.has(offset));
  if (uncopied.length > 0) throw new UncopiedLettersError(uncopied);
  await books.flush();
  await keepPendingNotices(tx, bookings.pendingNotices, books.nowMs);
  const receivables = await bookReceivables(tx, bookings.receivables, options.feePpm, books.nowMs);
  await refundReceivables(tx, bookings.refunds, books.nowMs);
  await handOnPendingNotices(tx, keysOfNotices(bookings), books.nowMs);
  await keepDeadLetters(tx, options.source, bookings.partition, letters, books.nowMs);
  return { bills, receivables };
}

/** Of notices whose bill may be there, and of bills whose notice may be. */
function keysOfNotices({ pendingNotices, receivables }: Bookings): string[] {
  const unaccompanied = receivables.filter(({ billingNotice }) => billingNotice === null);
  return [...new Set([...pendingNotices, ...unaccompanied].map(({ key }) => key))];
}

/** First of all: its row keeps any other consumer of the partition out until the end of the transaction. */
async function movePlace(tx: Queryable, { partition, from, toOffset }: Bookings, source: string): Promise<void> {
  const moved = await tx.query(EVENT_BOOKS_SQL.movePlace, [source, partition, from.epoch, from.nextOffset, toOffset]);
  if (moved.length === 0) {
    throw new MovedPlaceError(
      `partition ${partition} of ${source} is not at ${from.nextOffset} of epoch ${from.epoch}`,
    );
  }
}

/** A key's account never changes, so that of what is released may be read before the account is locked. */
async function openBooks(
  tx: Queryable,
  { reservations, bills, releases }: Bookings,
  nowMs: number | null,
): Promise<Books> {
  const released = [...new Set(releases.map(({ key }) => key))];
  const known = await selectRows<ChargeRow>(
    tx,
    CHARGE,
    released.map((key) => ({ key })),
  );
  const own = [...reservations, ...bills];
  const accountIds = [...own.map(({ accountId }) => accountId), ...known.flatMap(({ account_id }) => account_id ?? [])];
  const books = await Books.open(tx, accountIds, nowMs);
  const keys = [...new Set([...own.map(({ key }) => key), ...released])];
  await books.loadCharges(keys);
  for (const key of released) {
    const accountId = books.charge(key)?.account_id ?? null;
    if (accountId !== null && !books.accounts.has(accountId)) throw new ConflictError(`${key} was just charged`);
  }
  await books.loadLeases([...own, ...leasesOfCharges(books, keys)]);
  return books;
}

/** Nobody reads more. */
const MESSAGE_LENGTH_MAX = 500;

/** One by one: there are few, and their payloads may be large. Without the user's key, as everything in the database. */
async function keepDeadLetters(
  tx: Queryable,
  source: string,
  partition: number,
  letters: readonly DeadLetter[],
  nowMs: bigint,
): Promise<void> {
  for (const { offset, type, reason, message, tries, payload } of letters) {
    const kept = Buffer.from(payload);
    withoutAnyUserKey(kept);
    await tx.query(EVENT_BOOKS_SQL.keepLetter, [
      source,
      partition,
      offset,
      storable(type),
      reason,
      storable(message).slice(0, MESSAGE_LENGTH_MAX),
      tries,
      nowMs,
      kept,
    ]);
  }
}
