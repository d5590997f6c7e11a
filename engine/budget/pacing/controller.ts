/**
 * Steers one campaign's spend in one process onto a target: from what was to be spent and what was, to how the campaign
 * takes part until the next tick. A controller is pure: the state goes in and the next one comes out.
 */

/** What request actors apply. */
export interface PacingSignal {
  /** Chance to take part in an auction it is eligible for, in [0, 1]. */
  readonly throttle: number;
  /** Of the bid, in (0, 1]. */
  readonly multiplier: number;
}

/** Of one tick of one process. */
export interface PacingObservation {
  readonly elapsedMs: number;
  /** To be spent by this process in that time. */
  readonly targetNanos: number;
  /** Spent or reserved by it. */
  readonly spentNanos: number;
  /** Opportunities, whether it took part or not. */
  readonly eligible: number;
  readonly wins: number;
}

export interface PacingController<State extends PacingSignal = PacingSignal> {
  readonly name: string;
  readonly start: State;
  /**
   * Ignores an observation that `isSound` does not hold for. A method, so that whoever keeps the state of some controller
   * need not know which: it only ever gives back what `start` or `step` gave.
   */
  step(state: State, observation: PacingObservation): State;
}

/** Counts and nanos are whole; a tick has a ms at least. */
export function isSound({ elapsedMs, targetNanos, spentNanos, eligible, wins }: PacingObservation): boolean {
  return (
    elapsedMs >= 1 &&
    elapsedMs <= AMOUNT_MAX &&
    targetNanos >= 0 &&
    targetNanos <= AMOUNT_MAX &&
    isCount(spentNanos) &&
    isCount(eligible) &&
    isCount(wins)
  );
}

/** Anything above is no amount of money or time of one tick, and products of it would overflow. */
const AMOUNT_MAX = Number.MAX_SAFE_INTEGER;

function isCount(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
