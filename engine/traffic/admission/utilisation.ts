/**
 * One number for how full the process is: 0 idle, 1 full, above 1 more than it can hold. It is the largest of its parts, not
 * a mean: whichever resource runs out first is the one that fails, and spare heap does not help a blocked loop.
 */
import { SHED_FROM } from './zones.ts';

export interface PressureSignals {
  /** What an arrival of the last 100 ms or so waited for the event loop, ms. */
  readonly loopDelayMs: number;
  /** Age of the oldest request that was taken and waits for its first step, ms; 0 when none waits. */
  readonly queueAgeMs: number;
  /** Used part of the largest heap the process may have, 0..1. */
  readonly heapShare: number;
}

export interface PressureLimits {
  /** Loop delay at which the process is full, ms. */
  readonly loopDelayMsMax: number;
  /** Queue age at which the process is full, ms. */
  readonly queueAgeMsMax: number;
  /** Heap share at which shedding begins, 0..1; above `HEAP_SHARE_FREE`. */
  readonly heapShareShed: number;
}

/** Closed list, also the `cause` label of `rtb_shed_total`. */
export const PRESSURE_CAUSES = ['concurrency', 'loop-delay', 'queue-age', 'heap'] as const;
export type PressureCause = (typeof PRESSURE_CAUSES)[number];

export interface Utilisation {
  value: number;
  /** The part that is largest. */
  cause: PressureCause;
}

/** Up to here the heap is no news: V8 lets garbage lie when there is room. */
export const HEAP_SHARE_FREE = 0.5;

/** Writes into `into`: it is computed twice per request. */
export function measureUtilisation(
  into: Utilisation,
  inFlight: number,
  limit: number,
  signals: PressureSignals,
  limits: PressureLimits,
): void {
  into.value = inFlight / limit;
  into.cause = 'concurrency';
  raise(into, signals.loopDelayMs / limits.loopDelayMsMax, 'loop-delay');
  raise(into, signals.queueAgeMs / limits.queueAgeMsMax, 'queue-age');
  raise(into, heapUtilisation(signals.heapShare, limits.heapShareShed), 'heap');
}

function raise(into: Utilisation, value: number, cause: PressureCause): void {
  if (value <= into.value) return;
  into.value = value;
  into.cause = cause;
}

/** Straight from 0 at `HEAP_SHARE_FREE` through the start of shedding at `heapShareShed`. */
function heapUtilisation(heapShare: number, heapShareShed: number): number {
  return Math.max(0, (SHED_FROM * (heapShare - HEAP_SHARE_FREE)) / (heapShareShed - HEAP_SHARE_FREE));
}
