import { describe, expect, it } from 'vitest';
import type { AuctionRanking } from '../waiting/auction-ranking.ts';
import { createThreshold, recordAudit } from './threshold.ts';

const RANKING: AuctionRanking = {
  isFirstPrice: false,
  imps: [{ dspIds: ['a', 'b', 'c'], ecpmMicros: [2_000_000, 1_000_000, 995_000], floorMicros: 0 }],
};

/** Without b, the price falls by half a percent; without c too, to nothing. */
const EXPECTED = new Map([
  ['a', 500_000],
  ['b', 1_000],
  ['c', 50_000],
]);

describe('call threshold', () => {
  it('calls everybody until enough audits have been seen', () => {
    const threshold = createThreshold();
    for (let i = 0; i < 95; i++) recordAudit(threshold, RANKING, EXPECTED, 0);
    expect(threshold.thresholdMicros).toBe(0);
  });

  it('then rises as far as the loss stays within the target', () => {
    const threshold = createThreshold();
    for (let i = 0; i < 1_000; i++) recordAudit(threshold, RANKING, EXPECTED, 0);
    expect(threshold.thresholdMicros).toBeGreaterThan(1_000);
    expect(threshold.thresholdMicros).toBeLessThanOrEqual(50_000);
  });

  it('falls when the audits lose more, and forgets what is long ago', () => {
    const threshold = createThreshold();
    for (let i = 0; i < 1_000; i++) recordAudit(threshold, RANKING, EXPECTED, 0);
    const before = threshold.thresholdMicros;
    const unloved = new Map([...EXPECTED, ['a', 1_000], ['c', 1_000]]);
    for (let i = 0; i < 200; i++) recordAudit(threshold, RANKING, unloved, 60_000 + i * 1_000);
    expect(threshold.thresholdMicros).toBeLessThan(before / 4);
  });

  it('learns nothing where nothing is earned, nor from bidders without an opinion', () => {
    const threshold = createThreshold();
    for (let i = 0; i < 1_000; i++) recordAudit(threshold, { isFirstPrice: false, imps: [] }, new Map(), 0);
    expect(threshold.thresholdMicros).toBe(0);
    const isNew = new Map([...EXPECTED, ['c', Infinity]]);
    const fresh = createThreshold();
    for (let i = 0; i < 1_000; i++) recordAudit(fresh, RANKING, isNew, 0);
    expect(fresh.thresholdMicros).toBe(0);
  });
});
