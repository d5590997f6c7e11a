/** The first tier: predictions in this process, read at the decision itself. */

import type { PredictionTags } from '../../ports/prediction-cache.ts';
import type { Expiry } from './horizons.ts';
import { HotKeys } from './hot-keys.ts';
import { Invalidations } from './invalidations.ts';
import { SegmentedLru, type Verdict } from './segmented-lru.ts';

export interface LocalPredictionsOptions {
  readonly entriesMax: number;
  /** A key asked more often than this in a second is not pushed out. */
  readonly hotPerSecondMin: number;
  /** The longest that any prediction is kept, ms: how long an invalidation must be remembered. */
  readonly staleMsMax: number;
}

/** Some 300 bytes each. */
export const LOCAL_ENTRIES_MAX_DEFAULT = 200_000;
/** 0.6 GB. What holds more is no cache for a process among others. */
export const LOCAL_ENTRIES_MAX = 2_000_000;
export const HOT_PER_SECOND_MIN_DEFAULT = 100;

export interface LocalPrediction extends Expiry, PredictionTags {
  /** Moved once a refresh has been asked for. */
  refreshAtMs: number;
  /** Within (0, 1); NaN when the model has no estimate. */
  readonly value: number;
  /** When the data it was made from was read, monotonic ms. */
  readonly bornAtMs: number;
}

const INVALIDATED_TAGS_MAX = 100_000;

export class LocalPredictions {
  readonly #entries: SegmentedLru<LocalPrediction>;
  readonly #hotKeys: HotKeys;
  readonly #invalidations: Invalidations;
  #nowMs = 0;

  constructor({ entriesMax, hotPerSecondMin, staleMsMax }: LocalPredictionsOptions) {
    this.#entries = new SegmentedLru(entriesMax);
    this.#hotKeys = new HotKeys(hotPerSecondMin);
    this.#invalidations = new Invalidations({ keptMs: staleMsMax, tagsMax: INVALIDATED_TAGS_MAX });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Null when there is none that may be used at all; the caller looks whether it is still fresh. Counts as a use. */
  get(key: number, nowMs: number): LocalPrediction | null {
    this.#hotKeys.observe(key, nowMs);
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (this.#isUsable(entry, nowMs)) return entry;
    this.#entries.delete(key);
    return null;
  }

  /** What is invalid already is not kept. */
  set(key: number, entry: LocalPrediction, nowMs: number): void {
    if (!this.#isUsable(entry, nowMs)) return;
    this.#nowMs = nowMs;
    this.#entries.set(key, entry, this.#judge);
  }

  invalidate(tag: number, nowMs: number): void {
    this.#invalidations.invalidate(tag, nowMs);
  }

  #isUsable(entry: LocalPrediction, nowMs: number): boolean {
    return nowMs < entry.staleUntilMs && this.#invalidations.isValid(entry.bornAtMs, entry);
  }

  readonly #judge = (key: number, entry: LocalPrediction): Verdict => {
    if (!this.#isUsable(entry, this.#nowMs)) return 'goes';
    return this.#hotKeys.isHot(key, this.#nowMs) ? 'stays' : 'competes';
  };
}
