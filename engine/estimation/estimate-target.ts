/** What is estimated of a bid: where its candidate has the rate of what nothing is known of, and where the estimate goes. */
import type { BidCandidate } from '../auction/types.ts';
import type { DraftCandidate } from './click-estimates.ts';

/** The click of an impression, or the conversion of a click. */
export const TARGET_NAMES = ['click', 'conversion'] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

export interface EstimateTarget {
  readonly name: TargetName;
  readonly rateOf: (candidate: BidCandidate) => number;
  /** `rate` is within (0, 1); `model` is the version of the one that gave it, null for the fallback. */
  readonly set: (candidate: DraftCandidate, rate: number, model: number | null) => void;
}

/** Clicks per impression. */
export const CLICKS: EstimateTarget = {
  name: 'click',
  rateOf: ({ ctr }) => ctr,
  set: (candidate, rate, model) => {
    candidate.ctr = rate;
    candidate.ctrSource = model === null ? 'fallback' : 'model';
    candidate.ctrModel = model;
  },
};

/** Conversions per click. */
export const CONVERSIONS: EstimateTarget = {
  name: 'conversion',
  rateOf: ({ cvr }) => cvr,
  set: (candidate, rate, model) => {
    candidate.cvr = rate;
    candidate.cvrSource = model === null ? 'fallback' : 'model';
    candidate.cvrModel = model;
  },
};
