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

/** Keeps its own place: an offset that is stored with what was made of the events can never say something else. */
export interface EventConsumer {
  /**
   * Offset that a partition goes on from; null: its oldest. Asked whenever the partition becomes this consumer's, which may be
   * again and again. Events before that offset never come; where it is gone, the oldest there is comes.
   */
  readonly positionOf: (partition: number) => Promise<number | null>;
  /**
   * Resolves when the events and `offset + 1` of the last one are stored, or sure to be before `positionOf` says so: the next
   * batch of the partition follows. When it rejects, the same events come again. Another process may have got the partition meanwhile: storing the offset must be what
   * notices.
   */
  readonly handle: (batch: EventBatch) => Promise<void>;
  /** Either of them failed, or the source cannot be read; it is tried again. */
  readonly onFailure: (error: unknown) => void;
}

export interface EventSource {
  /** Begins; one consumer for a source. Rejects when the source cannot be had at all. */
  readonly consume: (consumer: EventConsumer) => Promise<Consumption>;
}

export interface Consumption {
  /** Resolves when no handler runs any more and everything is let go of. */
  readonly close: () => Promise<void>;
}
