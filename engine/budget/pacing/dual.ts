/**
 * Adaptive pacing in the dual: the bid is v / (1 + mu), where mu, the price of a unit of budget, goes up with what is spent
 * above the target and down with what is left below it. Balseiro, Gur: "Learning in Repeated Auctions with Budgets: Regret
 * Minimization and Equilibrium", Management Science 65(9), 2019. Spending less by bidding less gives up the dearest
 * impressions, a throttle gives up any.
 *
 * Three departures. The step is taken on log(1 + mu) (mirror descent: Balseiro, Lu, Mirrokni, "The Best of Many Worlds",
 * Operations Research 2023), so that it is as quick at low bids as at high ones. A change of supply moves the bid at once,
 * and the steps only correct that. And a bid below a fiftieth would hardly save any more: what must be saved beyond that is
 * saved by not taking part.
 */
import { clamp, isSound, type PacingController, type PacingObservation, type PacingSignal } from './controller.ts';
import { NO_SUPPLY, nanosPerWin, type SupplyEstimate, surge, updateSupply } from './supply-estimate.ts';

export interface DualState extends PacingSignal {
  readonly supply: SupplyEstimate;
  /** log(1 + mu) at ordinary supply. Below 0, within bounds, while there is less supply than could be spent on. */
  readonly base: number;
}

/** Time in which an error of one target moves the bid by a factor of e. */
const STEP_MS = 60_000;
/** And at least so many wins, so that one win is no error of hundreds of percent. */
const STEP_WINS = 8;
/** Less in a tick is nothing. */
const TARGET_MIN_NANOS = 1e-3;
/** Of the bid's logarithm, in one tick, however long it was. */
const MOVE_UP_MAX = 1;
const MOVE_DOWN_MAX = 4;
/** A supply of k times the ordinary moves the bid by k to the minus this, at once. */
const FEED_FORWARD = 0.6;
const MULTIPLIER_MIN = 0.02;
/** How far below 0 the base goes, so that bids go down again soon after a shortage has ended. */
const BASE_WINDUP = 0.3;
const LOG_PRICE_MAX = 12;
const START = 1;

export const dualPacing: PacingController<DualState> = {
  name: 'dual',
  start: { ...signalOf(START), supply: NO_SUPPLY, base: START },
  step: stepDual,
};

function stepDual(state: DualState, observation: PacingObservation): DualState {
  if (!isSound(observation)) return state;
  const { elapsedMs, targetNanos, spentNanos } = observation;
  const supply = updateSupply(state.supply, state, observation);
  if (targetNanos < TARGET_MIN_NANOS) {
    // Nothing is to be spent: one e-fold per step time, whatever the error would be as a share of nothing.
    const base = spentNanos > 0 ? Math.min(LOG_PRICE_MAX, state.base + elapsedMs / STEP_MS) : state.base;
    return { ...signalOf(logPriceOf(base, supply)), supply, base };
  }
  const stepMs = Math.max(STEP_MS, (STEP_WINS * nanosPerWin(supply) * elapsedMs) / targetNanos);
  const move = ((targetNanos - spentNanos) / targetNanos) * (elapsedMs / stepMs);
  const base = clamp(state.base - clamp(move, -MOVE_DOWN_MAX, MOVE_UP_MAX), -BASE_WINDUP, LOG_PRICE_MAX);
  return { ...signalOf(logPriceOf(base, supply)), supply, base };
}

function logPriceOf(base: number, supply: SupplyEstimate): number {
  return clamp(base + FEED_FORWARD * Math.log(surge(supply)), 0, LOG_PRICE_MAX);
}

function signalOf(logPrice: number): PacingSignal {
  const pressure = Math.exp(-logPrice);
  const multiplier = Math.max(MULTIPLIER_MIN, pressure);
  return { throttle: pressure / multiplier, multiplier };
}
