/**
 * Owns the learned reserves. Observations are posted as auctions end and wait for the next step; after a step it publishes
 * a board that request actors read without mail.
 *
 * Overflow policy `drop-oldest`: the window keeps the latest values anyway.
 */
import {
  createLearnedReserve,
  type LearnedReserveOptions,
  type LearnedReserveState,
  observeValue,
  reserveFor,
  stepReserves,
} from '../engine/auction/reserve/learned-reserve.ts';
import type { ReserveObservation } from '../engine/auction/reserve/observations.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export type ReserveMessage =
  | { readonly kind: 'observe'; readonly observations: readonly ReserveObservation[] }
  | { readonly kind: 'step' };

export interface ReserveActorOptions {
  readonly learning: LearnedReserveOptions;
  readonly stepIntervalMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly supervisor: Supervisor;
  readonly onOverflow: () => void;
}

export interface ReserveActor {
  readonly observe: (observations: readonly ReserveObservation[]) => void;
  /** Reserve of a placement in micros of the exchange currency; 0 while there is too little data. */
  readonly published: (placementId: string) => number;
  readonly stop: () => void;
}

const MAILBOX_LENGTH_MAX = 20_000;
/** Wakes the actor between steps, so that a busy exchange does not hold a whole step's observations in the queue. */
const WAKE_AT_LENGTH = 1000;

/** What a step changes goes onto the board; a placement that was forgotten leaves it. */
export function handleReserve(
  state: LearnedReserveState,
  message: ReserveMessage,
  board: Map<string, number>,
): LearnedReserveState {
  switch (message.kind) {
    case 'observe':
      for (const { placementId, ecpmMicros } of message.observations) observeValue(state, placementId, ecpmMicros);
      return state;
    case 'step':
      for (const { placementId, reserveCpmMicros } of stepReserves(state)) board.set(placementId, reserveCpmMicros);
      for (const placementId of board.keys()) if (reserveFor(state, placementId) === 0) board.delete(placementId);
      return state;
  }
}

export function spawnReserveActor(parent: ActorParent, options: ReserveActorOptions): ReserveActor {
  const { timers } = options;
  const board = new Map<string, number>();
  const mailbox: Mailbox<ReserveMessage> = spawnActor(parent, options.clock, {
    name: 'reserve',
    initialState: () => createLearnedReserve(options.learning),
    handle: (state: LearnedReserveState, message: ReserveMessage) => handleReserve(state, message, board),
    supervisor: options.supervisor,
    lengthMax: MAILBOX_LENGTH_MAX,
    overflow: 'drop-oldest',
    onOverflow: options.onOverflow,
  });
  mailbox.wakeAtLength = WAKE_AT_LENGTH;

  let timer: TimerHandle = null;
  const schedule = (): void => {
    timer = timers.schedule(options.stepIntervalMs, () => {
      if (mailbox.tell({ kind: 'step' })) schedule();
    });
  };
  schedule();

  return {
    observe: (observations) => {
      if (observations.length > 0) mailbox.post({ kind: 'observe', observations });
    },
    published: (placementId) => board.get(placementId) ?? 0,
    stop: () => {
      timers.cancel(timer);
      mailbox.stop();
    },
  };
}
