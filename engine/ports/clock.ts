/** Time as an argument. The simulator and tests pass their own. */
export interface Clock {
  /** Wall clock, epoch milliseconds: for events and dates, never for deadlines. */
  readonly wallMs: () => number;
  /** Monotonic milliseconds with a fraction: for deadlines and durations; unaffected by clock jumps. */
  readonly monotonicMs: () => number;
}

/** A handle is opaque; cancelling a fired or cancelled timer does nothing. */
export type TimerHandle = unknown;

export interface Timers {
  /** Calls `fire` once, not before `delayMs` has passed. */
  readonly schedule: (delayMs: number, fire: () => void) => TimerHandle;
  readonly cancel: (handle: TimerHandle) => void;
}
