/**
 * Where events are kept to be looked at long after they have left the log. Adapter: `adapters/archive/` (Parquet files).
 * At least once: what was written before its place was stored comes again, and readers tell events by their id.
 */
import type { SourcedEvent } from './event-source.ts';

export interface ArchivedEvent extends Pick<SourcedEvent, 'offset' | 'id' | 'type' | 'payload'> {
  readonly partition: number;
}

export interface EventArchive {
  /** Resolves when they are durable. When it rejects, some of them may be: they are to be written again. One call at a time. */
  readonly write: (events: readonly ArchivedEvent[]) => Promise<void>;
  /** Offset that a partition goes on from; null: its oldest. */
  readonly placeOf: (partition: number) => Promise<number | null>;
  /** Everything of the partition before this offset is durable. Resolves when that is. */
  readonly storePlace: (partition: number, nextOffset: number) => Promise<void>;
}
