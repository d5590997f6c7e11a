/**
 * Owns the learned reserves. Observations are posted as auctions end and wait for the next round of steps. A round runs in
 * slices, one per turn of the event loop, since thousands of windows take longer than an auction has. What a slice changes
 * goes onto a board that request actors read without mail.
 *
 * Overflow policy `drop-oldest`: the window keeps the latest values anyway.
 */
import {
  beginRound,
  createLearnedReserve,
  isRoundUnderWay,
  type LearnedReserveOptions,
  type LearnedReserveState,
  observeValue,
  stepSlice,
} from '../engine/auction/reserve/learned-reserve.ts';
import type { ReserveObservation } from '../engine/auction/reserve/observations.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export type ReserveMessage =
  | { readonly kind: 'observe'; readonly observations: readonly ReserveObservation[] }
  /** Begins a round, unless one is under way, and steps the first slice. */
  | { readonly kind: 'step' }
  /** The next slice; a `step` since then has taken over when `chain` is not the latest. */
  | { readonly kind: 'slice'; readonly chain: number };

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
  /** Reserve by `AuctionImp.reserveKey` in micros of the exchange currency; 0 while there is too little data. */
  readonly published: (reserveKey: string) => number;
  readonly stop: () => void;
}

const MAILBOX_LENGTH_MAX = 20_000;
/** Wakes the actor between steps, so that a busy exchange does not hold a whole step's observations in the queue. */
const WAKE_AT_LENGTH = 1000;

/**
 * Sorting this many values, which the dearest estimator does, takes 0.5 ms, and twice that where reserves are new.
 * A slice exceeds it by one placement at most.
 */
const SLICE_VALUES_MAX = 2 ** 13;

/** What a slice changes goes onto the board; a placement that was forgotten leaves it. */
export function stepOntoBoard(state: LearnedReserveState, board: Map<string, number>): void {
  for (const { reserveKey, reserveCpmMicros } of stepSlice(state, SLICE_VALUES_MAX)) {
    if (reserveCpmMicros > 0) board.set(reserveKey, reserveCpmMicros);
    else board.delete(reserveKey);
  }
}

export function spawnReserveActor(parent: ActorParent, options: ReserveActorOptions): ReserveActor {
  const { timers } = options;
  const board = new Map<string, number>();
  // A flood of observations may drop the slice that was to follow; the next `step` then starts a chain of its own.
  let chain = 0;
  const step = (state: LearnedReserveState): void => {
    stepOntoBoard(state, board);
    if (isRoundUnderWay(state)) mailbox.tell({ kind: 'slice', chain });
  };
  const handle = (state: LearnedReserveState, message: ReserveMessage): LearnedReserveState => {
    switch (message.kind) {
      case 'observe':
        for (const { reserveKey, ecpmMicros } of message.observations) observeValue(state, reserveKey, ecpmMicros);
        break;
      case 'step':
        chain++;
        beginRound(state);
        step(state);
        break;
      case 'slice':
        if (message.chain === chain) step(state);
        break;
    }
    return state;
  };
  const mailbox: Mailbox<ReserveMessage> = spawnActor(parent, options.clock, {
    name: 'reserve',
    initialState: () => {
      board.clear();
      return createLearnedReserve(options.learning);
    },
    handle,
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
    published: (reserveKey) => board.get(reserveKey) ?? 0,
    stop: () => {
      timers.cancel(timer);
      mailbox.stop();
    },
  };
}
