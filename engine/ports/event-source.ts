/**
 * Stored events for those who make something of them. Twins: the segments of a data folder (embedded), a Kafka topic
 * (production).
 */

export interface SourcedEvent {
  /** Rises within a partition, not always by one; never that of another event there. */
  readonly offset: number;
  /**
   * The same whenever this event comes. The same event may stand in a topic more than once, at other offsets: then with the same
   * id.
   */
  readonly id: string;
  /** Events of one key stand in one partition, in order. */
  readonly key: string | null;
  readonly type: string;
  readonly payload: Uint8Array;
}

/** At least one event of one partition, in order. */
export interface EventBatch {
  readonly partition: number;
  readonly events: readonly SourcedEvent[];
}

/**
 * Where a partition goes on: at an offset; null, at its oldest event; or at an event that stands before all that were stored since
 * then (epoch ms).
 */
export type StartingPoint = number | null | { readonly sinceMs: number };

/**
 * Of `EventConsumer.handle`: what the consumer has kept is not where the batch begins. Another process has taken the partition over,
 * or the consumer's store is an older copy, or empty. Where the partition is still this source's, it asks `positionOf` again and
 * goes on from there, also backwards.
 */
export class PlaceLostError extends Error {
  override readonly name = 'PlaceLostError';
}

/** Keeps its own place: an offset that is stored with what was made of the events can never say something else. */
export interface EventConsumer {
  /**
   * Asked whenever the partition becomes this consumer's, which may be again and again. Events before an offset that is named
   * never come; where it is gone, the oldest there is comes.
   *
   * `end`: no event that is there has this offset or a later one, and the next may have it; null: unknown. A position behind it is
   * that of a log which has lost its end: other events will have those offsets, so the consumer goes on at `end`.
   */
  readonly positionOf: (partition: number, end: number | null) => Promise<StartingPoint>;
  /**
   * Resolves when the events and `offset + 1` of the last one are stored, or sure to be before `positionOf` says so: the next
   * batch of the partition follows. When it rejects, the same events come again, unless it is with a `PlaceLostError`. Another
   * process may have got the partition meanwhile: storing the offset must be what notices, and says so by that error.
   */
  readonly handle: (batch: EventBatch) => Promise<void>;
  /** Either of them failed, or the source cannot be read; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

export interface EventSource {
  /** Begins; one consumer for a source. Rejects when the source cannot be had at all. */
  readonly consume: (consumer: EventConsumer) => Promise<Consumption>;
}

/** Where a partition ended at some moment. */
export interface EventsEnd {
  readonly partition: number;
  /** When that was, by the monotonic clock: what was stored before then has an offset below `end`. */
  readonly atMs: number;
  readonly end: number;
  /** There was no event at all. */
  readonly isEmpty: boolean;
}

export interface Consumption {
  /**
   * Of all partitions that there are, whoever has them. Where only its reader knows, as of when it had read all last; those of which
   * it has not are left out.
   */
  readonly ends: () => Promise<readonly EventsEnd[]>;
  /** Resolves when no handler runs any more and everything is let go of. */
  readonly close: () => Promise<void>;
}
