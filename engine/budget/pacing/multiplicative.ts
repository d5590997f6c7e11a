/**
 * The rule of LinkedIn's pacer: once a minute the chance to take part goes up by a tenth when too little was spent, down by
 * a tenth when too much, from a slow start. Agarwal, Ghosh, Wei, You: "Budget Pacing for Targeted Online Advertisements at
 * LinkedIn", KDD 2014.
 *
 * Robust, as it needs to know nothing of the traffic; for the same reason it takes 16 minutes to answer a fivefold supply.
 */
import { clamp, isSound, type PacingController, type PacingObservation, type PacingSignal } from './controller.ts';

export interface MultiplicativeState extends PacingSignal {
  /** Target minus spend so far, nanos; bounded, so that it is forgotten soon after it could not be acted on. */
  readonly owedNanos: number;
  readonly sinceStepMs: number;
}

const STEP_EVERY_MS = 60_000;
const STEP_UP = 1.1;
const STEP_DOWN = 0.9;
const START = 0.1;
/** Below this a campaign would take minutes of ten-percent steps to come back. */
const THROTTLE_MIN = 1e-4;
/** Time of target that may be owed either way. */
const OWED_MS_MAX = 300_000;

export const multiplicativePacing: PacingController<MultiplicativeState> = {
  name: 'multiplicative',
  start: { throttle: START, multiplier: 1, owedNanos: 0, sinceStepMs: 0 },
  step: stepMultiplicative,
};

function stepMultiplicative(state: MultiplicativeState, observation: PacingObservation): MultiplicativeState {
  if (!isSound(observation)) return state;
  const { elapsedMs, targetNanos, spentNanos } = observation;
  const owedMax = (targetNanos / elapsedMs) * OWED_MS_MAX;
  const owedNanos = clamp(state.owedNanos + targetNanos - spentNanos, -owedMax, owedMax);
  const sinceStepMs = state.sinceStepMs + elapsedMs;
  if (sinceStepMs < STEP_EVERY_MS) return { ...state, owedNanos, sinceStepMs };
  const throttle = clamp(state.throttle * (owedNanos >= 0 ? STEP_UP : STEP_DOWN), THROTTLE_MIN, 1);
  return { throttle, multiplier: 1, owedNanos, sinceStepMs: 0 };
}
