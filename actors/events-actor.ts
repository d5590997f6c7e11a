/**
 * The events actor: encodes outcome events off the path and appends them in batches. While one batch is being written
 * the next one fills, so the batch size follows the load (group commit) and no timer is needed.
 *
 * Overflow policy `refuse-newest`: when the log cannot keep up or is broken, new events are refused and counted; what was
 * taken in is written in order. Every event given to `record` is acknowledged or counted as dropped, exactly once.
 */
import { type AuctionEvent, encodeEvent } from '../engine/exchange/auction-event.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { EventLog } from '../engine/ports/event-log.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

/** Closed list, the `reason` label of `rtb_events_dropped_total` (docs/events.md). */
export type EventDropReason = 'queue-full' | 'too-large' | 'unencodable' | 'append-failed' | 'actor-stopped';

export interface EventsObserver {
  readonly onAcknowledged: (count: number) => void;
  readonly onDropped: (count: number, reason: EventDropReason) => void;
  /** An append failed or an event could not be encoded: the first time since a batch was acknowledged. */
  readonly onError: (error: unknown) => void;
}

export interface EventsLimits {
  /** Bound on encoded events that wait for the log; one event may exceed it. */
  readonly pendingBytesMax: number;
  /** Longest record the log takes; a longer one would cost its whole batch. */
  readonly eventBytesMax: number;
}

export interface EventsOptions extends EventsLimits {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly observer: EventsObserver;
}

export interface EventsActor {
  /** Never throws, never blocks; what cannot be kept is told to the observer. */
  readonly record: (event: AuctionEvent) => void;
  /** Resolves once everything recorded has been acknowledged or given up. */
  readonly flush: () => Promise<void>;
}

const MAILBOX_LENGTH_MAX = 50_000;

export function spawnEventsActor(parent: ActorParent, options: EventsOptions): EventsActor {
  return new BatchingEventsActor(parent, options);
}

type EventsMessage = { readonly kind: 'record'; readonly event: AuctionEvent } | { readonly kind: 'written' };

const WRITTEN: EventsMessage = { kind: 'written' };

/** What came of an append; `error` is null when it was acknowledged. */
interface AppendOutcome {
  readonly count: number;
  readonly error: unknown;
}

/**
 * The books are kept here and outlive restarts of the actor: a write goes on whatever happens to whoever started it, and
 * nobody who waits for a flush may be forgotten. They hold encoded bytes only, so they carry no fault into the next life.
 */
class BatchingEventsActor implements EventsActor {
  readonly #options: EventsOptions;
  readonly #mailbox: Mailbox<EventsMessage>;
  /** Recorded and not yet taken out of the mailbox. */
  #queued = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isAppending = false;
  /** Of the append that has ended, until the actor gets to it. */
  #outcome: AppendOutcome | null = null;
  #isErrorReported = false;
  #flushing: (() => void)[] = [];

  constructor(parent: ActorParent, options: EventsOptions) {
    this.#options = options;
    this.#mailbox = spawnActor<null, EventsMessage>(parent, options.clock, {
      name: 'events',
      initialState: () => null,
      handle: (_state, message) => {
        this.#handle(message);
        return null;
      },
      supervisor: { decide: this.#decide },
      // `record` bounds the events; that an append has ended must get through.
      lengthMax: Number.POSITIVE_INFINITY,
      overflow: 'refuse-newest',
    });
  }

  readonly record = (event: AuctionEvent): void => {
    if (this.#queued >= MAILBOX_LENGTH_MAX) this.#options.observer.onDropped(1, 'queue-full');
    else if (this.#mailbox.tell({ kind: 'record', event })) this.#queued += 1;
    else this.#options.observer.onDropped(1, 'actor-stopped');
  };

  readonly flush = (): Promise<void> =>
    new Promise((resolve) => {
      this.#flushing.push(resolve);
      this.#endFlushes();
    });

  /** Goes on also when an observer throws, which is all that can throw here. */
  #handle(message: EventsMessage): void {
    try {
      if (message.kind === 'record') this.#takeIn(message.event);
      else this.#settle();
    } finally {
      this.#appendPending();
      this.#endFlushes();
    }
  }

  #takeIn(event: AuctionEvent): void {
    const { pendingBytesMax, eventBytesMax } = this.#options;
    this.#queued -= 1;
    if (this.#pendingBytes >= pendingBytesMax) {
      this.#options.observer.onDropped(1, 'queue-full');
      return;
    }
    const bytes = this.#encode(event);
    if (bytes === null) return;
    if (bytes.length > eventBytesMax) {
      this.#options.observer.onDropped(1, 'too-large');
      return;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
  }

  /** One event that cannot be encoded is no reason to lose others. */
  #encode(event: AuctionEvent): Uint8Array | null {
    try {
      return encodeEvent(event);
    } catch (error) {
      this.#options.observer.onDropped(1, 'unencodable');
      this.#reportError(error);
      return null;
    }
  }

  #appendPending(): void {
    if (this.#isAppending || this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#isAppending = true;
    void this.#append(batch);
  }

  async #append(batch: readonly Uint8Array[]): Promise<void> {
    let error: unknown = null;
    try {
      await this.#options.log.append(batch);
    } catch (reason) {
      error = reason;
    }
    this.#outcome = { count: batch.length, error };
    if (!this.#mailbox.tell(WRITTEN)) this.#afterStop(() => this.#handle(WRITTEN));
  }

  #settle(): void {
    const outcome = this.#outcome;
    if (outcome === null) return;
    this.#outcome = null;
    this.#isAppending = false;
    if (outcome.error === null) {
      this.#isErrorReported = false;
      this.#options.observer.onAcknowledged(outcome.count);
    } else {
      this.#options.observer.onDropped(outcome.count, 'append-failed');
      this.#reportError(outcome.error);
    }
  }

  #reportError(error: unknown): void {
    if (this.#isErrorReported) return;
    this.#isErrorReported = true;
    this.#options.observer.onError(error);
  }

  #endFlushes(): void {
    if (this.#queued > 0 || this.#pending.length > 0 || this.#isAppending) return;
    for (const onFlushed of this.#flushing.splice(0)) onFlushed();
  }

  readonly #decide: Supervisor['decide'] = (name, error, nowMs) => {
    const decision = this.#options.supervisor.decide(name, error, nowMs);
    if (decision === 'stop') this.#afterStop(() => this.#giveUp());
    return decision;
  };

  /** Nothing will be taken out of the mailbox any more. */
  #giveUp(): void {
    const lost = this.#queued + this.#pending.length;
    this.#queued = 0;
    this.#pending = [];
    this.#pendingBytes = 0;
    try {
      if (lost > 0) this.#options.observer.onDropped(lost, 'actor-stopped');
    } finally {
      this.#handle(WRITTEN);
    }
  }

  /** Nobody supervises a stopped actor: a fault is told to the supervisor, who has nothing left to decide. */
  #afterStop(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.supervisor.decide(this.#mailbox.name, error, this.#options.clock.monotonicMs());
    }
  }
}
