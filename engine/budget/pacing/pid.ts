/**
 * A PID controller on the chance to take part, around a feed-forward term. What the target needs of the supply seen right
 * now is known by division (feed-forward), so that a change of supply is answered in the next tick; proportional, integral
 * and derivative terms correct what that estimate gets wrong. After Zhang, Rong, Wang, Zhu, Wang: "Feedback Control of
 * Real-Time Display Advertising", WSDM 2016, with the throttle in place of the bid.
 */
import { clamp, isSound, type PacingController, type PacingObservation, type PacingSignal } from './controller.ts';
import {
  eligibleRate,
  NO_SUPPLY,
  nanosPerOpportunity,
  nanosPerWin,
  type SupplyEstimate,
  updateSupply,
} from './supply-estimate.ts';

export interface PidState extends PacingSignal {
  readonly supply: SupplyEstimate;
  /** Target minus spend so far, nanos: the integral. Bounded both ways. */
  readonly owedNanos: number;
  /** Target minus spend, nanos per ms, smoothed. */
  readonly errorRate: number;
}

const PROPORTIONAL = 0.2;
/** Time in which what is owed is made good. */
const INTEGRAL_MS = 90_000;
const DERIVATIVE_MS = 3_000;
const ERROR_SMOOTHING_MS = 30_000;
/** Bound of the integral: time of target, and so many wins, as less than one cannot be spent. */
const OWED_MS_MAX = 60_000;
const OWED_WINS_MAX = 3;
const START = 0.1;
/** Until the first win nobody knows what an opportunity costs. */
const SLOW_START_FACTOR = 1.25;

export const pidPacing: PacingController<PidState> = {
  name: 'pid',
  start: { throttle: START, multiplier: 1, supply: NO_SUPPLY, owedNanos: 0, errorRate: 0 },
  step: stepPid,
};

function stepPid(state: PidState, observation: PacingObservation): PidState {
  if (!isSound(observation)) return state;
  const { elapsedMs, targetNanos, spentNanos } = observation;
  const supply = updateSupply(state.supply, state, observation);
  const targetRate = targetNanos / elapsedMs;
  const owedMax = targetRate * OWED_MS_MAX + nanosPerWin(supply) * OWED_WINS_MAX;
  const owedNanos = clamp(state.owedNanos + targetNanos - spentNanos, -owedMax, owedMax);
  const smoothing = 1 - Math.exp(-elapsedMs / ERROR_SMOOTHING_MS);
  const errorRate = state.errorRate + smoothing * ((targetNanos - spentNanos) / elapsedMs - state.errorRate);
  const rate =
    targetRate +
    PROPORTIONAL * errorRate +
    owedNanos / INTEGRAL_MS +
    (DERIVATIVE_MS * (errorRate - state.errorRate)) / elapsedMs;
  return { throttle: throttleFor(rate, supply, state), multiplier: 1, supply, owedNanos, errorRate };
}

function throttleFor(rate: number, supply: SupplyEstimate, { throttle }: PidState): number {
  const fullRate = eligibleRate(supply) * nanosPerOpportunity(supply);
  if (!(fullRate > 0)) return rate > 0 ? Math.min(1, throttle * SLOW_START_FACTOR) : throttle;
  return clamp(rate / fullRate, 0, 1);
}
