/** How features are declared: data only, so that a schema can be written out, hashed and compared. */
import type { CategoryFact, NumberFact } from './facts.ts';

export const FEATURE_GROUPS = ['user', 'ad', 'context', 'cross'] as const;
export type FeatureGroup = (typeof FEATURE_GROUPS)[number];

/** What rates are kept by: one fact or several together; `segment` is each of the user's segments in turn, and last. */
export type RateKey = readonly (CategoryFact | 'segment')[];

/** Where a feature comes from and what is made of it. Each is NaN when a fact that it needs is not known. */
export type FeatureRule =
  /** A quantity, held within the range. `ln1p` is ln(1 + x). */
  | { readonly type: 'numeric'; readonly source: NumberFact; readonly scale: 'linear' | 'ln1p' }
  /** A number of a code list; an order, if any, means nothing. */
  | { readonly type: 'code'; readonly source: NumberFact }
  /** 0 or 1. */
  | { readonly type: 'flag'; readonly source: NumberFact }
  /** Sine or cosine of a time that starts again after `period`. */
  | { readonly type: 'cyclic'; readonly source: NumberFact; readonly period: number; readonly wave: 'sin' | 'cos' }
  /** Hash modulo `buckets`. */
  | { readonly type: 'hashed'; readonly source: CategoryFact; readonly buckets: number }
  /** 1 when one of the user's segments falls into this of `buckets`; never NaN. */
  | { readonly type: 'member'; readonly source: 'segments'; readonly buckets: number; readonly bucket: number }
  /** Lift of the click rate of a key (see `rate-table.ts`); over segments their mean or greatest. */
  | { readonly type: 'rate'; readonly source: RateKey; readonly over?: 'mean' | 'greatest' }
  /** ln(1 + impressions) behind the rate. */
  | { readonly type: 'evidence'; readonly source: RateKey }
  /** ln(first x second) of two lengths. */
  | { readonly type: 'area'; readonly source: readonly [NumberFact, NumberFact] }
  /** ln(first / second). */
  | { readonly type: 'ratio'; readonly source: readonly [NumberFact, NumberFact] }
  /** 1 when both are the same, 0 when they differ. */
  | { readonly type: 'same'; readonly source: readonly [CategoryFact, CategoryFact] };

export type Feature = FeatureRule & {
  readonly name: string;
  readonly group: FeatureGroup;
  /** Both ends included; what is outside is set to the nearer end. */
  readonly range: readonly [minimum: number, maximum: number];
  /** Value when a fact is not known; null is NaN, "missing" to a model. */
  readonly default: number | null;
};
