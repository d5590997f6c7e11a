/**
 * Bills what the event log says: at least once in, once out. A batch is booked in one transaction with the place behind it, so
 * after any failure the books themselves tell where to go on. What the books refuse is found by halves and, after some tries,
 * set aside, and the partition moves on.
 */
import { BudgetLedgerError } from '../ports/budget-ledger.ts';
import {
  type Booked,
  type Bookings,
  type DeadLetter,
  type EventBooks,
  MovedPlaceError,
  type Place,
} from '../ports/event-books.ts';
import { EventSendError } from '../ports/event-sender.ts';
import { type EventBatch, type EventConsumer, PlaceLostError, type SourcedEvent } from '../ports/event-source.ts';
import { type BillableForMs, type BillingBatch, billingBatch, deadLetterOf } from './billing-batch.ts';

export interface BillingObserver {
  /** A batch is booked, for the first time or again. */
  readonly onBooked: (bookings: Bookings, booked: Booked) => void;
  readonly onLate: (payers: BillingBatch['late']) => void;
  /** An event that the books refuse, or nobody can read. */
  readonly onSetAside: (letter: DeadLetter) => void;
  /** Another process has the partition. */
  readonly onFenced: (partition: number) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface BillingConsumerOptions {
  readonly books: EventBooks;
  readonly billableForMs: BillableForMs;
  readonly observer: BillingObserver;
}

/** Of one event alone, when the books refuse it and not only cannot be reached. */
export const TRIES_MAX = 3;

interface Partition {
  place: Place;
  /** The last call failed: it may have taken effect nevertheless. */
  isUnsure: boolean;
}

export class BillingConsumer implements EventConsumer {
  readonly #options: BillingConsumerOptions;
  readonly #partitions = new Map<number, Partition>();

  constructor(options: BillingConsumerOptions) {
    this.#options = options;
  }

  readonly positionOf = async (partition: number, end: number | null = null): Promise<number | null> => {
    const place = await this.#options.books.claim(partition, end);
    this.#partitions.set(partition, { place, isUnsure: false });
    return place.nextOffset;
  };

  readonly handle = async ({ partition, events }: EventBatch): Promise<void> => {
    const state = this.#partitions.get(partition)!;
    if (state.isUnsure) await this.#lookAgain(partition, state);
    await this.#bookAll(partition, state, events);
  };

  readonly onFailure = (error: unknown): void => this.#options.observer.onFailure(error);

  async #lookAgain(partition: number, state: Partition): Promise<void> {
    const place = await this.#options.books.placeOf(partition);
    if (place?.epoch !== state.place.epoch) {
      this.#options.observer.onFenced(partition);
      throw new PlaceLostError(`another process has taken partition ${partition} over`);
    }
    if ((place.nextOffset ?? -1) < (state.place.nextOffset ?? -1)) {
      throw new PlaceLostError(`the books have lost partition ${partition} from ${place.nextOffset} on`);
    }
    state.place = place;
    state.isUnsure = false;
  }

  /** Of those, what is not booked yet. */
  async #bookAll(partition: number, state: Partition, events: readonly SourcedEvent[]): Promise<void> {
    const { nextOffset } = state.place;
    const rest = nextOffset === null ? events : events.filter(({ offset }) => offset >= nextOffset);
    if (rest.length === 0) return;
    const batch = billingBatch(rest, this.#options.billableForMs);
    try {
      await this.#book(partition, state, rest, batch);
    } catch (error) {
      if (isAnswerMissing(error)) throw error;
      if (rest.length === 1) {
        await this.#trySome(partition, state, rest[0]!, error);
        return;
      }
      const middle = rest.length >> 1;
      await this.#bookAll(partition, state, rest.slice(0, middle));
      await this.#bookAll(partition, state, rest.slice(middle));
    }
  }

  async #trySome(partition: number, state: Partition, event: SourcedEvent, firstError: unknown): Promise<void> {
    let refusal = firstError;
    for (let tries = 1; tries < TRIES_MAX; tries += 1) {
      try {
        await this.#book(partition, state, [event], billingBatch([event], this.#options.billableForMs));
        return;
      } catch (error) {
        if (isAnswerMissing(error)) throw error;
        refusal = error;
      }
    }
    const message = refusal instanceof Error ? refusal.message : String(refusal);
    const letter = deadLetterOf(event, { reason: 'refused', message, tries: TRIES_MAX });
    const { bookings } = billingBatch([], this.#options.billableForMs);
    bookings.deadLetters.push(letter);
    await this.#book(partition, state, [event], { bookings, late: [] });
  }

  async #book(
    partition: number,
    state: Partition,
    events: readonly SourcedEvent[],
    { bookings, late }: BillingBatch,
  ): Promise<void> {
    const { books, observer } = this.#options;
    const toOffset = events.at(-1)!.offset + 1;
    const wanted = { ...bookings, partition, from: state.place, toOffset };
    let booked: Booked;
    try {
      booked = await books.book(wanted);
    } catch (error) {
      if (isAnswerMissing(error)) state.isUnsure = true;
      throw error;
    }
    state.place = { epoch: state.place.epoch, nextOffset: toOffset };
    for (const letter of bookings.deadLetters) observer.onSetAside(letter);
    observer.onLate(late);
    observer.onBooked(wanted, booked);
  }
}

/** Whether the call took effect, only the books tell; and it is no fault of the events. Dead letters may go to a broker. */
function isAnswerMissing(error: unknown): boolean {
  return error instanceof BudgetLedgerError || error instanceof MovedPlaceError || error instanceof EventSendError;
}
