import { expect, it } from 'vitest';
import { EstimateBatch } from './estimate-batch.ts';
import { FallbackEstimator } from './fallback/fallback-estimator.ts';
import { emptyRateTables } from './features/testing/empty-rate-tables.ts';
import { LocalEstimates } from './local-estimates.ts';
import type { ServedModel } from './served-model.ts';

/** Says what the one feature says. */
const echo: ServedModel = {
  version: 4,
  schemaHash: 'schema',
  featureCount: 1,
  rates: emptyRateTables(),
  score: (rows, count, out) => out.set(rows.subarray(0, count)),
};

function batchOf(batch: EstimateBatch, ...values: number[]): EstimateBatch {
  batch.begin(values.length, 0);
  batch.rows.set(values);
  batch.priors.fill(0.01);
  return batch;
}

const read = (batch: EstimateBatch) =>
  Array.from({ length: batch.count }, (_, index) => [batch.values[index], batch.sourceOf(index)]);

it('the model scores all at once; what is no probability comes from the fallback', () => {
  const estimates = new LocalEstimates({ current: () => echo }, new FallbackEstimator());
  const batch = batchOf(new EstimateBatch(1), 0.2, Number.NaN, -1, 2, 0, 1);
  expect(estimates.estimateNow(batch)).toBe(4);
  expect(read(batch)[0]).toEqual([0.2, 'model']);
  for (const [value, source] of read(batch).slice(1)) {
    expect(source).toBe('fallback');
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(1);
  }
  expect(batch.missCount).toBe(0);
});

it('without a model all come from the fallback, which has learned from it', () => {
  let model: ServedModel | null = echo;
  const estimates = new LocalEstimates({ current: () => model }, new FallbackEstimator());
  const batch = new EstimateBatch(1);
  for (let times = 0; times < 1000; times++) estimates.estimateNow(batchOf(batch, 0.2));
  model = null;
  expect(estimates.estimateNow(batchOf(batch, 0.9))).toBeNull();
  expect(read(batch)).toEqual([[expect.closeTo(0.2, 3), 'fallback']]);
});

it('a batch grows with the largest request and is used again for smaller ones', () => {
  const batch = new EstimateBatch(1);
  batchOf(batch, 0.1, 0.2, 0.3);
  const { values } = batch;
  batchOf(batch, 0.4);
  expect(batch.count).toBe(1);
  expect(batch.values).toBe(values);
});
