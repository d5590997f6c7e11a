/**
 * The second tier of predictions, behind the one that every process has for itself. Twins: in this process
 * (`adapters/cache/prediction-cache.embedded.ts`), Redis for all processes (`adapters/cache/prediction-cache.redis.ts`).
 *
 * A cache, not a store: anything may be missing at any time. Every method may reject with a `PredictionCacheError`;
 * the caller goes on without. Ages and not moments are passed, since clocks differ between processes.
 */
export interface SharedPrediction {
  /** Within (0, 1). */
  readonly value: number;
  /** Since its data was read, ms. */
  readonly ageMs: number;
}

/** What a prediction was made from; 0 for what is not known. */
export interface PredictionTags {
  readonly campaignTag: number;
  /** Of the id that the publisher knows the user by ... */
  readonly userTag: number;
  /** ... and of the device's, of the kind of a user's too: a deletion by either reaches what was made from both. */
  readonly deviceTag: number;
}

export interface PredictionToStore extends SharedPrediction, PredictionTags {
  readonly key: number;
  /** How long it may be used at all, ms since its data was read. */
  readonly keptMs: number;
}

export interface PredictionCache {
  /** Of each key, in order; null when there is none, or it is older than an invalidation of one of its tags. */
  readonly fetch: (keys: readonly number[]) => Promise<readonly (SharedPrediction | null)[]>;
  /** An older prediction does not replace a younger one. */
  readonly store: (predictions: readonly PredictionToStore[]) => Promise<void>;
  /**
   * Claims the question for `lockMs`, so that one process asks the model. False: another one has it and will store its
   * answer. Released by `store` of the key, by `unlock`, or by time.
   */
  readonly lock: (key: number, lockMs: number) => Promise<boolean>;
  /** Does nothing when the lock is not held by this process. */
  readonly unlock: (key: number) => Promise<void>;
  /** Predictions with this tag that were made until now are no longer given, in any process. Tag 0: all predictions. */
  readonly invalidate: (tag: number) => Promise<void>;
  /**
   * Told of each invalidation, this process's own too, usually within a millisecond or two. Told `TAG_ALL` when some may
   * have been missed.
   */
  readonly onInvalidated: (listener: (tag: number) => void) => void;
  readonly close: () => Promise<void>;
}

/** `code` is stable: `unavailable` (cause set), `closed`. */
export class PredictionCacheError extends Error {
  override readonly name = 'PredictionCacheError';
  readonly code: 'unavailable' | 'closed';

  constructor(code: 'unavailable' | 'closed', message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
