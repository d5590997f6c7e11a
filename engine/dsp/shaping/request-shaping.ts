/** Which DSPs are worth calling for one request. */
import type { RequestFeatures } from '../../exchange/request-features.ts';
import { hasDeals, shapingKeys } from './shaping-keys.ts';
import type { CallThreshold } from './threshold.ts';

/** Made once per request, read by all DSPs. */
export interface RequestShaping {
  readonly keys: Int32Array;
  /** Least expected value of a call, CPM micros; 0 calls everybody. */
  readonly thresholdMicros: number;
  readonly hasDeals: boolean;
  /** Everybody is called, and the outcome goes to `recordAudit`. */
  readonly isAudit: boolean;
}

export type ShapingDecision =
  | { readonly kind: 'call'; readonly isExploration: boolean }
  | { readonly kind: 'skip'; readonly reason: 'low-value' };

const CALL: ShapingDecision = { kind: 'call', isExploration: false };
const EXPLORE: ShapingDecision = { kind: 'call', isExploration: true };
const SKIP: ShapingDecision = { kind: 'skip', reason: 'low-value' };

/**
 * `draw`: uniform in [0, 1), one per request. It is shared by all DSPs on purpose: exploring together shows what all of
 * them would have earned together. Requests with a deal are no audits, since nobody is ever skipped on them.
 */
export function shapeRequest(
  threshold: CallThreshold,
  features: RequestFeatures,
  hourOfWeek: number,
  draw: number,
): RequestShaping {
  const { thresholdMicros, options } = threshold;
  const withDeals = hasDeals(features);
  return {
    keys: shapingKeys(features, hourOfWeek),
    thresholdMicros,
    hasDeals: withDeals,
    isAudit: !withDeals && (thresholdMicros === 0 || draw < options.explorationShare),
  };
}

/** `expectedMicros`: of this DSP's shaper (`expectedValueMicros`) for the request's keys. */
export function worthCalling(shaping: RequestShaping, expectedMicros: number): ShapingDecision {
  if (expectedMicros >= shaping.thresholdMicros || shaping.hasDeals) return CALL;
  return shaping.isAudit ? EXPLORE : SKIP;
}
