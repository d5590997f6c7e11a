/** What a log says happened, and what of it a model learns. */
import type { BidRequest, Imp } from '../../../openrtb/types.ts';
import type { BidCandidate } from '../../auction/types.ts';

/** One impression of a log. */
export interface LoggedImpression {
  readonly id: string;
  /** Calendar day of the log, `yyyyMMdd`. */
  readonly day: string;
  /** In UTC. */
  readonly atMs: number;
  readonly request: BidRequest;
  readonly imp: Imp;
  readonly bid: BidCandidate;
  readonly isClicked: boolean;
  /** As exactly as the log has it: for judging the log, no fact for features. Null: not clicked. */
  readonly clickedAtMs: number | null;
  /** Where the world is simulated and it is known; null for a real log. */
  readonly clickProbability: number | null;
  /** What the click led to; null without a click, or where the log does not tell. */
  readonly conversion: LoggedConversion | null;
}

export interface LoggedConversion {
  readonly isConverted: boolean;
  /** As for the click. */
  readonly probability: number | null;
}

/** Of every trial a model says how probable it is to be positive. */
export interface TrainingTarget {
  readonly isTrial: (impression: LoggedImpression) => boolean;
  /** Of a trial. */
  readonly isPositive: (impression: LoggedImpression) => boolean;
  /** Of a trial: the true probability; null where it is not known. */
  readonly probability: (impression: LoggedImpression) => number | null;
}

export const TRAINING_TARGETS = {
  click: {
    isTrial: () => true,
    isPositive: ({ isClicked }) => isClicked,
    probability: ({ clickProbability }) => clickProbability,
  },
  conversion: {
    isTrial: ({ conversion }) => conversion !== null,
    isPositive: ({ conversion }) => conversion!.isConverted,
    probability: ({ conversion }) => conversion!.probability,
  },
} as const satisfies Record<string, TrainingTarget>;
