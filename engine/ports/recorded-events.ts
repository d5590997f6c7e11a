/**
 * Stored events for who reads them all once more, and changes nothing where they are: those of the logs of a data folder, an
 * archive, or a topic.
 */

export interface RecordedPayload {
  /** Log, archive or partition that it is in. */
  readonly source: string;
  /** In there: a sequence, an offset, or of an archive how manieth of those that are read. */
  readonly position: number;
  /** As stored; valid until the next few are asked for. */
  readonly payload: Uint8Array;
}

/** Records that nobody can read any more. */
export interface LostRecords {
  readonly source: string;
  /** At least so many. */
  readonly count: number;
  /** For people. */
  readonly reason: string;
}

export interface EventReading {
  /** Of the times of events, epoch ms: what is surely before it may be left out, and what is surely not before `untilMs`. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly onLost: (lost: LostRecords) => void;
}

export interface RecordedEvents {
  /** Which, for people. */
  readonly name: string;
  /** One after the other, or side by side: engines that ran at the same time have a log each. */
  readonly logs: readonly RecordedLog[];
}

export interface RecordedLog {
  /**
   * Every event that may be of the window, and perhaps others, in the order in which they were stored; one may come more than once.
   * Ends where they ended when it began, or later. Holds a part of them in memory at a time. Rejects when they cannot be had at all.
   */
  readonly read: (reading: EventReading) => AsyncIterable<RecordedPayload>;
}
