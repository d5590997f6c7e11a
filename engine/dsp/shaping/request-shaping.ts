/** What the DSPs need to know of one request to judge what calling them is worth. */
import { hasDeals, type RequestFeatures } from '../../traffic/request-features.ts';
import { shapingKeys } from './shaping-keys.ts';

/** Made once per request, read by all DSPs. */
export interface RequestShaping {
  readonly keys: Int32Array;
  /** Least expected value of a call, CPM micros of the exchange currency; 0 calls everybody. */
  readonly thresholdMicros: number;
  /** Deals name no DSP here, so a request with any deal is nobody's to skip. */
  readonly hasDeals: boolean;
  /** Everybody is called, whatever it is worth, and the auction's end goes to `recordAudit`. */
  readonly isAudit: boolean;
  /** Of an audit: what each DSP expected, by DSP id, written by the DSPs as they are asked. Null otherwise. */
  readonly expectedMicros: Map<string, number> | null;
}

/** Monday 00:00 UTC is hour 0; the epoch was a Thursday. */
const EPOCH_HOUR_OF_WEEK = 3 * 24;
const HOURS_PER_WEEK = 168;
const MS_PER_HOUR = 3_600_000;

/**
 * `draw`: uniform in [0, 1), one per request. It is shared by all DSPs on purpose: exploring together shows what all of
 * them would have earned together. Requests with a deal are no audits, since nobody is ever skipped on them.
 */
export function shapeRequest(
  thresholdMicros: number,
  explorationShare: number,
  features: RequestFeatures,
  wallMs: number,
  draw: number,
): RequestShaping {
  const withDeals = hasDeals(features);
  const isAudit = !withDeals && (thresholdMicros === 0 || draw < explorationShare);
  return {
    keys: shapingKeys(features, hourOfWeek(wallMs)),
    thresholdMicros,
    hasDeals: withDeals,
    isAudit,
    expectedMicros: isAudit ? new Map() : null,
  };
}

function hourOfWeek(wallMs: number): number {
  return (Math.floor(wallMs / MS_PER_HOUR) + EPOCH_HOUR_OF_WEEK) % HOURS_PER_WEEK;
}
