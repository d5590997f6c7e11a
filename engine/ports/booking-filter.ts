/**
 * What is known to be booked, so that the books need not be asked again. A filter only: whatever it does not know, or cannot say, goes to
 * the books, whose unique keys are the judge. Adapter: Redis; without one there is no filter.
 */
import type { Place } from './event-books.ts';

/** `in-flight`: another process is booking it now, as far as is known. */
export type BookingState = 'absent' | 'in-flight' | 'done';

/** A part of a log that is booked in one transaction. */
export interface BookedPart {
  readonly partition: number;
  /** Where the books stood before it: where that is before what the filter knows, the books have lost something, and it forgets all. */
  readonly from: Place;
  readonly toOffset: number;
}

export interface BookingFilter {
  /** In the order of the keys; those that are absent are in flight from now on, for this process. Null: cannot be asked. Never rejects. */
  readonly begin: (part: BookedPart, keys: readonly string[]) => Promise<readonly BookingState[] | null>;
  /** Once the transaction has been committed. Nobody waits for it, and what gets lost of it is asked of the books again. */
  readonly done: (part: BookedPart, keys: readonly string[]) => void;
  readonly close: () => Promise<void>;
}
