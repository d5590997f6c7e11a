/** A model server: asked for one row at a time, answers later. Adapter: `adapters/model/remote-model.ts`. */
/** Why a model server gave no usable estimates. */
export const INFERENCE_FAILURES = [
  /** Not sent: as many rows as may wait do wait. */
  'queue-full',
  /** Not sent: too many failed of late, or it has not been found yet. */
  'breaker-open',
  'deadline',
  'unreachable',
  /** A status other than 200. */
  'refused',
  /** Not what the protocol says, or of another length. */
  'unreadable',
  /** The model has no estimate for this row: NaN, or not within (0, 1). */
  'out-of-range',
  /** Of a model that says the same of everything, or rates far from all that is known. */
  'implausible',
  /** Of a version of the model whose schema is not known to be that of the rows. */
  'unchecked',
  'closed',
] as const;
export type InferenceFailure = (typeof INFERENCE_FAILURES)[number];

export type InferenceResult =
  /** `version`: of the model that gave it. */
  | { readonly kind: 'estimate'; readonly value: number; readonly version: string }
  | { readonly kind: 'failed'; readonly reason: InferenceFailure };

/** What would be said of a row without the model; both within (0, 1). */
export interface Expectation {
  /** By what was learned from the model before. */
  readonly learned: number;
  readonly prior: number;
}

export interface RemoteModel {
  /** Part of the cache key: estimates of another version are another thing. */
  readonly version: () => string;
  /** So many calls fail that none are made, or few: what is known already should be used for longer. */
  readonly isFailing: () => boolean;
  readonly breakerState: () => 'closed' | 'open' | 'half-open';
  /**
   * One row of features. Calls `onResult` exactly once, not before returning, and soon after `deadlineAtMs` (monotonic)
   * at the latest. The row may be changed once this has returned. Without `expectation` (nothing was learned yet) the
   * answer cannot be compared with what is known.
   */
  readonly infer: (
    row: Float64Array,
    deadlineAtMs: number,
    onResult: (result: InferenceResult) => void,
    expectation?: Expectation | null,
  ) => void;
  readonly close: () => Promise<void>;
}
