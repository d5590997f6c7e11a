import { describe, expect, it } from 'vitest';
import { HORIZON_DEFAULTS } from './cache/horizons.ts';
import { CachedEstimates } from './cached-estimates.ts';
import { EstimateBatch } from './estimate-batch.ts';
import { FallbackEstimator } from './fallback/fallback-estimator.ts';

const USE = { mayUseStale: false, mayRefresh: true };
/** Of the time in this process, after which what is used is refreshed. */
const OLD_MS = 8000;

/** Feature 0 is stable, feature 1 volatile. */
function caching(refreshesPerSecondMax: number) {
  const cached = new CachedEstimates(
    {
      columns: [
        { bucket: { kind: 'exact' }, coarse: { kind: 'exact' } },
        { bucket: { kind: 'exact' }, coarse: { kind: 'left-out' } },
      ],
      schemaHash: '',
      horizons: { ...HORIZON_DEFAULTS, jitterShare: 0 },
      entriesMax: 10_000,
      hotPerSecondMin: 100,
      refreshesPerSecondMax,
      random: () => 0,
    },
    new FallbackEstimator(),
    0,
  );
  const batch = new EstimateBatch(2);
  const fill = (row: readonly [number, number]): EstimateBatch => {
    batch.begin(1, 0);
    batch.rows.set(row);
    return batch;
  };
  return {
    learn: (row: readonly [number, number]) => cached.keep(cached.questionAt(fill(row), 0, 0), 0.1, 0, 0),
    refreshes: (row: readonly [number, number], nowMs: number) => cached.estimateNow(fill(row), USE, nowMs).length,
  };
}

describe('what is asked behind requests', () => {
  it('new keys that look like known ones do not keep those in use from being refreshed, nor the other way', () => {
    const { learn, refreshes } = caching(50);
    for (let key = 0; key < 100; key++) learn([key, 0]);
    let completed = 0;
    for (let moment = 1; moment <= 100; moment++) completed += refreshes([1, moment], OLD_MS);
    expect(completed).toBe(5);
    let refreshed = 0;
    for (let key = 0; key < 100; key++) refreshed += refreshes([key, 0], OLD_MS);
    expect(refreshed).toBe(5);
  });

  it('is nothing at a rate of 0', () => {
    const { learn, refreshes } = caching(0);
    learn([1, 0]);
    expect(refreshes([1, 0], OLD_MS)).toBe(0);
    expect(refreshes([1, 1], OLD_MS)).toBe(0);
  });
});
