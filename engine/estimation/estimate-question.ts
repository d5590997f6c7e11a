/** What a model elsewhere is asked, and what comes of it. */
import type { EstimateSource, ModelVersion } from '../auction/types.ts';
import type { PredictionTags } from '../ports/prediction-cache.ts';
import type { FallbackFacts } from './fallback/fallback-facts.ts';

/** All that is needed to estimate one candidate, kept for as long as the answer takes. */
export interface EstimateQuestion extends PredictionTags {
  /** Of the candidate, as its asker numbers them. */
  readonly index: number;
  /** Of the model that the keys belong to. */
  readonly version: string;
  readonly exactKey: number;
  readonly coarseKey: number;
  readonly row: Float64Array;
  readonly facts: FallbackFacts;
  readonly prior: number;
  /** When the row was built, monotonic ms. */
  readonly bornAtMs: number;
}

export interface Estimate {
  /** Within (0, 1). */
  readonly value: number;
  readonly source: EstimateSource;
  /** Of the model that gave it, now or before; null: none did. */
  readonly model: ModelVersion | null;
}

export interface EstimateAnswer extends Estimate {
  /** That of its question. */
  readonly index: number;
}
