/** Where the outbox hands events on to: a broker that keeps them for their consumers. Production twin: Kafka. */

/** One event on its way. It may be sent again after a failure, so consumers see some twice, always with the same `id`. */
export interface OutgoingEvent {
  /** The same whenever this event is sent, and no other's. */
  readonly id: string;
  /** Events of one key stay in order; null: in order with nobody. */
  readonly key: string | null;
  readonly type: string;
  readonly payload: Uint8Array;
  /** What else is to be said of it, beside `id` and `type`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EventSender {
  /**
   * Resolves once every replica that has to have the events has them. Rejects with an `EventSendError`; some of them may
   * have arrived nevertheless. One call at a time.
   */
  readonly send: (events: readonly OutgoingEvent[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `code` is stable. `unavailable`: later, the same may succeed. `refused`: one of these events never will. */
export class EventSendError extends Error {
  readonly code: 'unavailable' | 'refused';
  constructor(code: 'unavailable' | 'refused', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EventSendError';
    this.code = code;
  }
}
