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
  /** Ignores an observation that is not made of finite numbers >= 0 over a positive time. */
  readonly step: (state: State, observation: PacingObservation) => State;
}

export function isSound(observation: PacingObservation): boolean {
  return (
    observation.elapsedMs > 0 &&
    isAmount(observation.elapsedMs) &&
    isAmount(observation.targetNanos) &&
    isAmount(observation.spentNanos) &&
    isAmount(observation.eligible) &&
    isAmount(observation.wins)
  );
}

/** Anything above is no amount of money or traffic of one tick, and squares of it would overflow. */
const AMOUNT_MAX = Number.MAX_SAFE_INTEGER;

function isAmount(value: number): boolean {
  return value >= 0 && value <= AMOUNT_MAX;
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}
