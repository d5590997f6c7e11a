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

type EventsMessage =
  | { readonly kind: 'record'; readonly event: AuctionEvent }
  | { readonly kind: 'appended'; readonly count: number }
  | { readonly kind: 'append-failed'; readonly count: number; readonly error: unknown };

/**
 * The state is this object and outlives restarts: a write under way goes on whatever happens to the actor, and nobody
 * who waits for a flush may be forgotten. It holds encoded bytes only, so it cannot carry a fault into the next life.
 */
class BatchingEventsActor implements EventsActor {
  readonly #options: EventsOptions;
  readonly #mailbox: Mailbox<EventsMessage>;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Recorded and not yet taken out of the mailbox. */
  #queued = 0;
  #isAppending = false;
  #isStopped = false;
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
      supervisor: { decide: (...fault) => this.#decide(...fault) },
      // `record` bounds the events; the outcome of an append must get through.
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

  /** Its own books first: an observer that throws must find them right. */
  #handle(message: EventsMessage): void {
    if (message.kind === 'record') {
      this.#queued -= 1;
      this.#takeIn(message.event);
    } else {
      this.#isAppending = false;
    }
    this.#appendPending();
    this.#endFlushes();
    if (message.kind !== 'record') this.#report(message);
  }
}
