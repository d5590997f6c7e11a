/**
 * The events actor: encodes outcome events off the path and appends them in batches. While one batch is being written
 * the next one fills, so the batch size follows the load (group commit) and no timer is needed.
 *
 * Overflow policy `refuse-newest`: when the log cannot keep up or is broken, new events are refused and counted; what was
 * taken in is written in order.
 */
import { type AuctionEvent, encodeEvent } from '../engine/exchange/auction-event.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { EventLog } from '../engine/ports/event-log.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export type EventsMessage =
  | { readonly kind: 'record'; readonly event: AuctionEvent }
  | { readonly kind: 'appended'; readonly count: number }
  | { readonly kind: 'append-failed'; readonly count: number; readonly error: unknown }
  /** Calls back once everything recorded before this message has been acknowledged or given up. */
  | { readonly kind: 'flush'; readonly onFlushed: () => void };

export interface EventsObserver {
  readonly onAcknowledged: (count: number) => void;
  readonly onDropped: (count: number, reason: 'queue-full' | 'append-failed') => void;
  readonly onAppendError: (error: unknown) => void;
}

export interface EventsState {
  pending: Uint8Array[];
  pendingBytes: number;
  isAppending: boolean;
  waiting: (() => void)[];
}

export interface EventsOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly observer: EventsObserver;
  /** Bound on encoded events that wait for the log. */
  readonly pendingBytesMax: number;
}

const MAILBOX_LENGTH_MAX = 50_000;

export function openEvents(): EventsState {
  return { pending: [], pendingBytes: 0, isAppending: false, waiting: [] };
}

/** Takes one message into the state; returns how many events the bound refused. */
export function handleEvents(state: EventsState, message: EventsMessage, pendingBytesMax: number): number {
  switch (message.kind) {
    case 'record': {
      if (state.pendingBytes >= pendingBytesMax) return 1;
      const bytes = encodeEvent(message.event);
      state.pending.push(bytes);
      state.pendingBytes += bytes.length;
      return 0;
    }
    case 'appended':
    case 'append-failed':
      state.isAppending = false;
      return 0;
    case 'flush':
      state.waiting.push(message.onFlushed);
      return 0;
  }
}

/** The batch to write now, or null while one is under way or nothing waits. */
export function takeBatch(state: EventsState): readonly Uint8Array[] | null {
  if (state.isAppending || state.pending.length === 0) return null;
  const batch = state.pending;
  state.pending = [];
  state.pendingBytes = 0;
  state.isAppending = true;
  return batch;
}

export function spawnEventsActor(parent: ActorParent, options: EventsOptions): Mailbox<EventsMessage> {
  const { log, observer } = options;

  const append = (batch: readonly Uint8Array[]): void => {
    const count = batch.length;
    log.append(batch).then(
      () => mailbox.tell({ kind: 'appended', count }),
      (error: unknown) => mailbox.tell({ kind: 'append-failed', count, error }),
    );
  };

  const mailbox = spawnActor<EventsState, EventsMessage>(parent, options.clock, {
    name: 'events',
    initialState: openEvents,
    handle: (state, message) => {
      const refused = handleEvents(state, message, options.pendingBytesMax);
      if (refused > 0) observer.onDropped(refused, 'queue-full');
      if (message.kind === 'appended') observer.onAcknowledged(message.count);
      if (message.kind === 'append-failed') {
        observer.onDropped(message.count, 'append-failed');
        observer.onAppendError(message.error);
      }
      const batch = takeBatch(state);
      if (batch !== null) append(batch);
      if (!state.isAppending && state.pending.length === 0) {
        for (const onFlushed of state.waiting.splice(0)) onFlushed();
      }
      return state;
    },
    supervisor: options.supervisor,
    lengthMax: MAILBOX_LENGTH_MAX,
    overflow: 'refuse-newest',
    onOverflow: () => observer.onDropped(1, 'queue-full'),
  });
  return mailbox;
}
