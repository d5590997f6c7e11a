/**
 * What a campaign meets in one process: opportunities per ms, and what it spends on each that it takes part in. Counts
 * decide how much is believed: a surge of a busy campaign shows within two ticks, one that sees an opportunity a minute
 * is not moved by the next one.
 */
import type { PacingObservation, PacingSignal } from './controller.ts';

export interface SupplyEstimate {
  readonly fastEvents: number;
  readonly fastMs: number;
  readonly slowEvents: number;
  readonly slowMs: number;
  /** Of opportunities that it took part in. */
  readonly spentNanos: number;
  readonly passed: number;
  readonly wins: number;
}

export const NO_SUPPLY: SupplyEstimate = {
  fastEvents: 0,
  fastMs: 0,
  slowEvents: 0,
  slowMs: 0,
  spentNanos: 0,
  passed: 0,
  wins: 0,
};

const FAST_MS = 15_000;
const SLOW_MS = 1_200_000;
/** Of what an opportunity costs: prices move slowly, and few wins need a long look. */
const PRICE_MS = 1_800_000;
/** Opportunities that the slow rate counts for against the fast one. */
const SLOW_EVENTS = 4;

export function updateSupply(
  supply: SupplyEstimate,
  signal: PacingSignal,
  { elapsedMs, eligible, spentNanos, wins }: PacingObservation,
): SupplyEstimate {
  const fast = Math.exp(-elapsedMs / FAST_MS);
  const slow = Math.exp(-elapsedMs / SLOW_MS);
  const price = Math.exp(-elapsedMs / PRICE_MS);
  return {
    fastEvents: supply.fastEvents * fast + eligible,
    fastMs: supply.fastMs * fast + elapsedMs,
    slowEvents: supply.slowEvents * slow + eligible,
    slowMs: supply.slowMs * slow + elapsedMs,
    spentNanos: supply.spentNanos * price + spentNanos,
    passed: supply.passed * price + eligible * signal.throttle,
    wins: supply.wins * price + wins,
  };
}

/** Opportunities per ms; 0 when none was ever seen. */
export function eligibleRate({ fastEvents, fastMs, slowEvents, slowMs }: SupplyEstimate): number {
  if (!(slowEvents > 0)) return 0;
  return (fastEvents + SLOW_EVENTS) / (fastMs + (SLOW_EVENTS * slowMs) / slowEvents);
}

/** Opportunities now for one in the last half hour or so; 1 when none was ever seen. */
export function surge(supply: SupplyEstimate): number {
  return supply.slowEvents > 0 ? (eligibleRate(supply) * supply.slowMs) / supply.slowEvents : 1;
}

/** Nanos spent per opportunity that it took part in; 0 when nothing was spent yet. */
export function nanosPerOpportunity({ spentNanos, passed }: SupplyEstimate): number {
  return passed > 0 ? spentNanos / passed : 0;
}

/** Nanos per win; 0 when there was none yet. */
export function nanosPerWin({ spentNanos, wins }: SupplyEstimate): number {
  return wins > 0 ? spentNanos / wins : 0;
}
