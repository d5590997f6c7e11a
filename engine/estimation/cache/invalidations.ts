/**
 * What must no longer be used although it has not expired: predictions of a campaign that has changed, those made from
 * the data of a user who wants it deleted, or all. Predictions are not searched for; each carries its tags, and one that
 * is older than an invalidation of a tag is passed over wherever it turns up, in this cache, in the shared one, or in an
 * answer still under way.
 */
import type { PredictionTags } from '../../ports/prediction-cache.ts';
import { combineHashes, hashText } from '../../traffic/admission/key-hash.ts';

export type InvalidationEvent =
  | { readonly kind: 'campaign'; readonly id: string }
  | { readonly kind: 'user'; readonly id: string }
  /** A model swap changes the keys already; this is for a model whose answers turn out to be wrong. */
  | { readonly kind: 'all' };

/** Tags are hashes: an id of a user goes nowhere else. */
export const TAG_ALL = 0;

export function tagOf(event: InvalidationEvent): number {
  return event.kind === 'all' ? TAG_ALL : tagOfId(event.kind, event.id);
}

/** 0, no tag of its own, for an id that is not known. */
export function tagOfId(kind: 'campaign' | 'user', id: string): number {
  return id === '' ? TAG_ALL : combineHashes(hashText(kind), hashText(id));
}

export class Invalidations {
  readonly #keptMs: number;
  readonly #tagsMax: number;
  /** When, by tag; oldest first. */
  readonly #atMs = new Map<number, number>();
  #allAtMs = Number.NEGATIVE_INFINITY;

  /** `keptMs`: nothing older is in any cache. Beyond `tagsMax` tags at a time everything is invalidated. */
  constructor({ keptMs, tagsMax }: { readonly keptMs: number; readonly tagsMax: number }) {
    this.#keptMs = keptMs;
    this.#tagsMax = tagsMax;
  }

  invalidate(tag: number, nowMs: number): void {
    this.#forget(nowMs);
    if (tag === TAG_ALL || this.#atMs.size >= this.#tagsMax) {
      this.#allAtMs = nowMs;
      this.#atMs.clear();
      return;
    }
    this.#atMs.delete(tag);
    this.#atMs.set(tag, nowMs);
  }

  /** Whether what was made from data of `bornAtMs` may be used. What was born with the event is of before it. */
  isValid(bornAtMs: number, { campaignTag, userTag, deviceTag }: PredictionTags): boolean {
    return (
      bornAtMs > this.#allAtMs &&
      bornAtMs > this.#of(campaignTag) &&
      bornAtMs > this.#of(userTag) &&
      bornAtMs > this.#of(deviceTag)
    );
  }

  #of(tag: number): number {
    return this.#atMs.get(tag) ?? Number.NEGATIVE_INFINITY;
  }

  #forget(nowMs: number): void {
    for (const [tag, atMs] of this.#atMs) {
      if (nowMs - atMs <= this.#keptMs) break;
      this.#atMs.delete(tag);
    }
  }
}
