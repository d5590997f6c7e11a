/** What is told of estimates, for metrics. */
import type { EstimateSource } from '../auction/types.ts';

/**
 * Why an estimate is the fallback's. `no-model`: none could be loaded yet. `unusable`: it gave NaN, or what is not within
 * (0, 1). `failing`: it did not answer, or what it answered is no answer. `late`: it did not answer within the budget.
 * `busy`: more was asked than is asked at a time. `shed`: the process has too much to do to ask any.
 */
export const FALLBACK_CAUSES = ['no-model', 'unusable', 'failing', 'late', 'busy', 'shed'] as const;
export type FallbackCause = (typeof FALLBACK_CAUSES)[number];

/** What became of looking for a prediction in a cache. */
export const LOOKUP_RESULTS = ['hit', 'stale', 'miss'] as const;
export type LookupResult = (typeof LOOKUP_RESULTS)[number];

/** Of each estimate that an auction is given once, with `onFallback` for those that no model had a say in. */
export interface EstimateObserver {
  readonly onEstimate: (source: EstimateSource) => void;
  readonly onFallback: (cause: FallbackCause) => void;
}
