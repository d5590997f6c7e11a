import { expect, it } from 'vitest';
import { emptyRateTables } from '../../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT, FEATURES, SCHEMA_HASH } from '../../engine/estimation/features/schema.ts';
import type { ServedModel } from '../../engine/estimation/served-model.ts';
import { runOutageStudy } from './outage-study.ts';

const ADVERTISER = FEATURES.findIndex(({ name }) => name === 'ad.advertiser');

/** Ads of some advertisers are clicked twice as often as those of others. */
const model: ServedModel = {
  version: 1,
  schemaHash: SCHEMA_HASH,
  featureCount: FEATURE_COUNT,
  rates: emptyRateTables(),
  score: (rows, count, out) => {
    for (let row = 0; row < count; row++) out[row] = 0.01 * (1 + (rows[row * FEATURE_COUNT + ADVERTISER]! % 2));
  },
};

const STUDY = { seed: 3, model, requestsPerSecond: 2, warmUpSeconds: 60, outageSeconds: 30 };

it('a fallback that has learned what there is to learn sells what the model sold', () => {
  const { imps, withModel, withFallback } = runOutageStudy(STUDY);
  expect(imps).toBeGreaterThanOrEqual(60);
  expect(withModel.filled).toBeGreaterThan(imps / 2);
  expect(withFallback.filled).toBe(withModel.filled);
  expect(Math.abs(withFallback.trueMicros / withModel.trueMicros - 1)).toBeLessThan(0.1);
  expect(Math.abs(withFallback.estimatedMicros / withModel.estimatedMicros - 1)).toBeLessThan(0.1);
});

it('one that has learned nothing does not', () => {
  const { withModel, withFallback } = runOutageStudy({ ...STUDY, warmUpSeconds: 0 });
  expect(Math.abs(withFallback.estimatedMicros / withModel.estimatedMicros - 1)).toBeGreaterThan(0.3);
});
