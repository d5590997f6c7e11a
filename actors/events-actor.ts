/**
 * The events actor: encodes outcome events off the path and appends them in batches. While one batch is being written
 * the next one fills, so the batch size follows the load (group commit) and no timer is needed.
 *
 * Overflow policy `refuse-newest`: when the log cannot keep up or is broken, new events are refused and counted; what was
 * taken in is written in order. Every event is acknowledged or counted as dropped, exactly once.
 */
import { encodeEvent, type GavelEvent } from '../engine/events/read-event.ts';
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
  readonly record: (event: GavelEvent) => void;
  /**
   * Resolves, once that is known, to whether the event was acknowledged. Never rejects. These have room also where
   * events that nobody waits for are refused: whoever waits is bounded by the caller.
   */
  readonly store: (event: GavelEvent) => Promise<boolean>;
  /** Resolves once everything recorded has been acknowledged or given up. */
  readonly flush: () => Promise<void>;
}

const MAILBOX_LENGTH_MAX = 50_000;

export function spawnEventsActor(parent: ActorParent, options: EventsOptions): EventsActor {
  return new BatchingEventsActor(parent, options);
}

type EventsMessage =
  | { readonly kind: 'record'; readonly event: GavelEvent; readonly onSettled: OnSettled | null }
  | { readonly kind: 'written' };

type OnSettled = (isStored: boolean) => void;

const WRITTEN: EventsMessage = { kind: 'written' };

/** What came of an append; `error` is null when it was acknowledged. */
interface AppendOutcome {
  readonly count: number;
  readonly awaiting: readonly OnSettled[];
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
  /** Of those pending that somebody waits for. */
  #awaiting: OnSettled[] = [];
  /** Of those still in the mailbox. */
  readonly #awaitingQueued = new Set<OnSettled>();
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

  readonly record = (event: GavelEvent): void => {
    if (this.#queued >= MAILBOX_LENGTH_MAX) this.#options.observer.onDropped(1, 'queue-full');
    else this.#tell(event, null);
  };

  readonly store = (event: GavelEvent): Promise<boolean> =>
    new Promise((resolve) => {
      this.#awaitingQueued.add(resolve);
      if (this.#tell(event, resolve)) return;
      this.#awaitingQueued.delete(resolve);
      resolve(false);
    });

  #tell(event: GavelEvent, onSettled: OnSettled | null): boolean {
    const isTold = this.#mailbox.tell({ kind: 'record', event, onSettled });
    if (isTold) this.#queued += 1;
    else this.#options.observer.onDropped(1, 'actor-stopped');
    return isTold;
  }

  readonly flush = (): Promise<void> =>
    new Promise((resolve) => {
      this.#flushing.push(resolve);
      this.#endFlushes();
    });

  /** Goes on also when an observer throws, which is all that can throw here. */
  #handle(message: EventsMessage): void {
    try {
      if (message.kind === 'record') this.#takeIn(message.event, message.onSettled);
      else this.#settle();
    } finally {
      this.#appendPending();
      this.#endFlushes();
    }
  }

  #takeIn(event: GavelEvent, onSettled: OnSettled | null): void {
    this.#queued -= 1;
    if (onSettled === null) {
      this.#keep(event);
      return;
    }
    this.#awaitingQueued.delete(onSettled);
    let isKept = false;
    try {
      isKept = this.#keep(event, Number.POSITIVE_INFINITY);
    } finally {
      if (isKept) this.#awaiting.push(onSettled);
      else onSettled(false);
    }
  }

  #keep(event: GavelEvent, pendingBytesMax = this.#options.pendingBytesMax): boolean {
    const { eventBytesMax, observer } = this.#options;
    if (this.#pendingBytes >= pendingBytesMax) {
      observer.onDropped(1, 'queue-full');
      return false;
    }
    const bytes = this.#encode(event);
    if (bytes === null) return false;
    if (bytes.length > eventBytesMax) {
      observer.onDropped(1, 'too-large');
      return false;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    return true;
  }

  /** One event that cannot be encoded is no reason to lose others. */
  #encode(event: GavelEvent): Uint8Array | null {
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
    const awaiting = this.#awaiting;
    this.#pending = [];
    this.#awaiting = [];
    this.#pendingBytes = 0;
    this.#isAppending = true;
    void this.#append(batch, awaiting);
  }

  async #append(batch: readonly Uint8Array[], awaiting: readonly OnSettled[]): Promise<void> {
    let error: unknown = null;
    try {
      await this.#options.log.append(batch);
    } catch (reason) {
      error = reason;
    }
    this.#outcome = { count: batch.length, awaiting, error };
    if (!this.#mailbox.tell(WRITTEN)) this.#afterStop(() => this.#handle(WRITTEN));
  }

  #settle(): void {
    const outcome = this.#outcome;
    if (outcome === null) return;
    this.#outcome = null;
    this.#isAppending = false;
    for (const onSettled of outcome.awaiting) onSettled(outcome.error === null);
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
    for (const onSettled of [...this.#awaiting.splice(0), ...this.#awaitingQueued]) onSettled(false);
    this.#awaitingQueued.clear();
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
