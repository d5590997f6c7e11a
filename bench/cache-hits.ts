/** What the first tier of predictions finds under Zipf(1.0) over a million keys, with room for a fifth of them. */
import { SegmentedLru } from '../engine/estimation/cache/segmented-lru.ts';
import { seededRandom } from '../simulator/random.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { Zipf } from './zipf.ts';

const KEYS = 1_000_000;
const ENTRIES_MAX = KEYS / 5;
/** Keys that are alike but for volatile features share a coarse key. */
const KEYS_PER_COARSE_KEY = 50;
/** Of the draws at full scale, by the scale's number of auctions. */
const DRAWS_PER_AUCTION = 40;

export async function measureCacheHits({ scale, seed }: BenchContext): Promise<Measurement[]> {
  const zipf = new Zipf(KEYS);
  const drawCount = scale.auctions * DRAWS_PER_AUCTION;
  const draws = (): (() => number) => {
    const random = seededRandom(seed);
    return () => scattered(zipf.draw(() => random.next()));
  };
  return [
    { name: 'cache.hit_rate', value: hitRate(drawCount, draws(), true), unit: '' },
    { name: 'cache.hit_rate.exact', value: hitRate(drawCount, draws(), false), unit: '' },
    // No cache of exact keys can do better than to hold the most frequent ones.
    { name: 'cache.hit_rate.exact_optimum', value: zipf.shareOfFirst(ENTRIES_MAX), unit: '' },
  ];
}

/**
 * Answered from the cache by exact key, or also, as the engine does, by the coarse key that all of its likes share. Both
 * kinds of key share the room. Of the second half of the draws: the first fills the cache. Nothing
 * expires.
 */
function hitRate(drawCount: number, draw: () => number, hasCoarseKeys: boolean): number {
  const cache = new SegmentedLru<true>(ENTRIES_MAX);
  let hits = 0;
  for (let count = 0; count < drawCount; count++) {
    const key = draw();
    const coarseKey = KEYS + Math.floor(key / KEYS_PER_COARSE_KEY);
    const isExact = cache.get(key) !== undefined;
    const isHit = isExact || (hasCoarseKeys && cache.get(coarseKey) !== undefined);
    if (isHit && count >= drawCount / 2) hits += 1;
    if (!isExact) cache.set(key, true, competes);
    if (!isHit && hasCoarseKeys) cache.set(coarseKey, true, competes);
  }
  return hits / (drawCount / 2);
}

const competes = (): 'competes' => 'competes';

/** Frequent keys are not alike: ranks are spread over all keys by a step that shares no factor with their number. */
function scattered(rank: number): number {
  return (rank * 618_033) % KEYS;
}
