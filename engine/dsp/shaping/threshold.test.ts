import { describe, expect, it } from 'vitest';
import type { RequestFeatures } from '../../exchange/request-features.ts';
import type { AuctionRanking } from '../waiting/auction-ranking.ts';
import { shapeRequest, worthCalling } from './request-shaping.ts';
import { createThreshold, recordAudit, THRESHOLD_DEFAULTS } from './threshold.ts';

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

describe('shaping of a request', () => {
  const features = (dealCount: number): RequestFeatures => ({
    channel: 'site',
    publisherId: '',
    inventory: '',
    country: '',
    deviceType: 0,
    os: '',
    connectionType: 0,
    imps: [{ impId: '1', placementId: '', media: ['banner'], width: 0, height: 0, dealCount }],
  });
  const threshold = { ...createThreshold(), thresholdMicros: 1_000 };
  const ordinary = shapeRequest(threshold, features(0), 0, 0.9);

  it('skips what is worth less than the threshold', () => {
    expect(worthCalling(ordinary, 999)).toEqual({ kind: 'skip', reason: 'low-value' });
    expect(worthCalling(ordinary, 1_000)).toEqual({ kind: 'call', isExploration: false });
  });

  it('never skips a request with a deal', () => {
    expect(worthCalling(shapeRequest(threshold, features(1), 0, 0.9), 0)).toEqual({
      kind: 'call',
      isExploration: false,
    });
  });

  it('explores with everybody on the share of requests it is told', () => {
    const explored = shapeRequest(threshold, features(0), 0, THRESHOLD_DEFAULTS.explorationShare / 2);
    expect(explored.isAudit).toBe(true);
    expect(worthCalling(explored, 0)).toEqual({ kind: 'call', isExploration: true });
    expect(worthCalling(explored, 2_000)).toEqual({ kind: 'call', isExploration: false });
    expect(ordinary.isAudit).toBe(false);
  });
});
