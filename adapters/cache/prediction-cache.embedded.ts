/** PredictionCache in this process, for an engine that runs alone. */
import { LRUCache } from 'lru-cache';
import { Invalidations } from '../../engine/estimation/cache/invalidations.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import {
  type PredictionCache,
  PredictionCacheError,
  type PredictionToStore,
  type SharedPrediction,
} from '../../engine/ports/prediction-cache.ts';

export interface EmbeddedPredictionCacheOptions {
  readonly entriesMax: number;
  /** No prediction is kept for longer, ms. */
  readonly keptMsMax: number;
  readonly clock: Clock;
}

interface Entry {
  readonly value: number;
  readonly bornAtMs: number;
  readonly untilMs: number;
  readonly campaignTag: number;
  readonly userTag: number;
  readonly deviceTag: number;
}

const INVALIDATED_TAGS_MAX = 100_000;
const LOCKS_MAX = 10_000;

export function createEmbeddedPredictionCache(options: EmbeddedPredictionCacheOptions): PredictionCache {
  return new EmbeddedPredictionCache(options);
}

class EmbeddedPredictionCache implements PredictionCache {
  readonly #options: EmbeddedPredictionCacheOptions;
  readonly #entries: LRUCache<number, Entry>;
  /** Until when, by key. */
  readonly #locks = new LRUCache<number, number>({ max: LOCKS_MAX });
  readonly #invalidations: Invalidations;
  readonly #listeners: ((tag: number) => void)[] = [];
  #isClosed = false;

  constructor(options: EmbeddedPredictionCacheOptions) {
    this.#options = options;
    this.#entries = new LRUCache({ max: options.entriesMax });
    this.#invalidations = new Invalidations({ keptMs: options.keptMsMax, tagsMax: INVALIDATED_TAGS_MAX });
  }

  readonly fetch = async (keys: readonly number[]): Promise<readonly (SharedPrediction | null)[]> => {
    const nowMs = this.#open();
    return keys.map((key) => {
      const entry = this.#entries.get(key);
      if (entry === undefined) return null;
      if (this.#isUsable(entry, nowMs)) return { value: entry.value, ageMs: nowMs - entry.bornAtMs };
      this.#entries.delete(key);
      return null;
    });
  };

  readonly store = async (predictions: readonly PredictionToStore[]): Promise<void> => {
    const nowMs = this.#open();
    for (const { key, value, ageMs, keptMs, campaignTag, userTag, deviceTag } of predictions) {
      this.#locks.delete(key);
      const bornAtMs = nowMs - ageMs;
      const untilMs = bornAtMs + Math.min(keptMs, this.#options.keptMsMax);
      const entry: Entry = { value, bornAtMs, untilMs, campaignTag, userTag, deviceTag };
      const present = this.#entries.peek(key);
      const isOlder = present !== undefined && this.#isUsable(present, nowMs) && present.bornAtMs > bornAtMs;
      if (!isOlder && this.#isUsable(entry, nowMs)) this.#entries.set(key, entry);
    }
  };

  readonly lock = async (key: number, lockMs: number): Promise<boolean> => {
    const nowMs = this.#open();
    if ((this.#locks.get(key) ?? 0) > nowMs) return false;
    this.#locks.set(key, nowMs + lockMs);
    return true;
  };

  readonly unlock = async (key: number): Promise<void> => {
    this.#open();
    this.#locks.delete(key);
  };

  readonly invalidate = async (tag: number): Promise<void> => {
    this.#invalidations.invalidate(tag, this.#open());
    for (const listener of this.#listeners) listener(tag);
  };

  readonly onInvalidated = (listener: (tag: number) => void): void => {
    this.#listeners.push(listener);
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#entries.clear();
  };

  #isUsable(entry: Entry, nowMs: number): boolean {
    return nowMs < entry.untilMs && this.#invalidations.isValid(entry.bornAtMs, entry);
  }

  /** Gives the time. */
  #open(): number {
    if (this.#isClosed) throw new PredictionCacheError('closed', 'the cache is closed');
    return this.#options.clock.monotonicMs();
  }
}
