/** Whether to call a DSP for a request, and for how long. Pure: state and time are arguments. */
export interface DspLimits {
  /** Configured longest wait for this DSP, ms. */
  readonly timeoutMs: number;
  /** Below this a call is not worth making (OPENRTB: tmax), ms. */
  readonly timeoutMsMin: number;
  /** Calls under way at once; more would only wait for a connection. */
  readonly inFlightMax: number;
}

export type SkipReason = 'no-time' | 'at-capacity';

export type CallDecision =
  | { readonly kind: 'call'; readonly timeoutMs: number }
  | { readonly kind: 'skip'; readonly reason: SkipReason };

const NO_TIME: CallDecision = { kind: 'skip', reason: 'no-time' };
const AT_CAPACITY: CallDecision = { kind: 'skip', reason: 'at-capacity' };

/**
 * The wait is what the DSP may take and the auction has left, in whole milliseconds: it is also the `tmax` that the DSP
 * is told, and equal values share one serialised body.
 */
export function decideCall(limits: DspLimits, inFlight: number, remainingMs: number): CallDecision {
  if (inFlight >= limits.inFlightMax) return AT_CAPACITY;
  const timeoutMs = Math.floor(Math.min(limits.timeoutMs, remainingMs));
  return timeoutMs < limits.timeoutMsMin ? NO_TIME : { kind: 'call', timeoutMs };
}
