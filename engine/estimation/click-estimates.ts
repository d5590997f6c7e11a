/** What the decision asks of estimation, and where each answer came from. */
import type { BidRequest } from '../../openrtb/types.ts';
import type { BidCandidate } from '../auction/types.ts';
import type { RequestFeatures } from '../traffic/request-features.ts';
import type { EstimateQuestion } from './estimate-question.ts';

/** Whose clicks and conversions are estimated: one ad request. */
export interface EstimateSubject {
  /** As received, without what privacy rules withhold. What we add for buyers is no fact about either. */
  readonly request: BidRequest;
  readonly features: RequestFeatures;
  /** Wall clock at arrival, epoch ms. */
  readonly atMs: number;
}

/** A candidate before the auction has seen it: its estimates may still be replaced. */
export type DraftCandidate = Omit<BidCandidate, EstimateField> & {
  -readonly [Field in EstimateField]: BidCandidate[Field];
};

type EstimateField = 'ctr' | 'ctrSource' | 'ctrModel' | 'cvr' | 'cvrSource' | 'cvrModel';

export interface ClickEstimates {
  /**
   * Replaces `ctr`, within (0, 1), and where it came from, of each candidate. On entry `ctr` is the rate of what nothing
   * is known of. Synchronous. `campaignIds`: of each candidate as its DSP names it, empty when unknown. Gives what a model
   * elsewhere may estimate better in time, by index of the candidate; the estimates are usable as they are.
   */
  readonly estimate: (
    subject: EstimateSubject,
    candidates: readonly DraftCandidate[],
    campaignIds: readonly string[],
  ) => readonly EstimateQuestion[];
  /** There may be something to ask: bids are worth showing as they come, so that asking overlaps waiting for the rest. */
  readonly mayAsk: boolean;
}

export interface ConversionEstimates {
  /** Replaces `cvr`, within (0, 1), and where it came from, as `ClickEstimates` does for `ctr`. */
  readonly estimate: (subject: EstimateSubject, candidates: readonly DraftCandidate[]) => void;
}
