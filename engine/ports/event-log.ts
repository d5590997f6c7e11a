/**
 * Durable, append-only log of outcome events. Twins: CRC-framed segments on disk (embedded), Kafka with the same
 * segments as outbox (production).
 */
export interface EventLog {
  /**
   * Appends records in order as one batch. Resolves when all of them survive a kill of this process ("acknowledged");
   * rejects with an `EventLogError` when none may be relied on. At most one call is under way at a time per writer.
   */
  readonly append: (records: readonly Uint8Array[]) => Promise<void>;
  /** Flushes to the device and closes; later appends reject. */
  readonly close: () => Promise<void>;
}

/** `code` is stable: `closed`, `io` (cause set; the log must be reopened), `full` (size bound reached and retention forbids removal). */
export class EventLogError extends Error {
  readonly code: 'closed' | 'io' | 'full';
  constructor(code: 'closed' | 'io' | 'full', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EventLogError';
    this.code = code;
  }
}
