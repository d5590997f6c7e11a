import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { prediction, predictionCacheContract } from './prediction-cache.contract.ts';
import { createEmbeddedPredictionCache } from './prediction-cache.embedded.ts';

const options = { entriesMax: 1000, keptMsMax: 60_000, clock: systemClock };

predictionCacheContract('the embedded cache', async () => {
  const cache = createEmbeddedPredictionCache(options);
  return { caches: [cache, cache], isShared: false, dispose: cache.close };
});

it('is bounded', async () => {
  const cache = createEmbeddedPredictionCache({ ...options, entriesMax: 2 });
  await cache.store([prediction(1), prediction(2), prediction(3)]);
  const found = await cache.fetch([1, 2, 3]);
  expect(found.map((one) => one !== null)).toEqual([false, true, true]);
});
