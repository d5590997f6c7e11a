import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { TAG_ALL } from '../../engine/estimation/cache/invalidations.ts';
import type { PredictionCache } from '../../engine/ports/prediction-cache.ts';
import { freePort, hasRedisServer, type Service, startRedis } from '../../test/support/services.ts';
import { prediction, predictionCacheContract } from './prediction-cache.contract.ts';
import { openRedisPredictionCache } from './prediction-cache.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

const open = (url: string, keyPrefix: string, errors: Error[] = []): Promise<PredictionCache> =>
  openRedisPredictionCache({
    url,
    keyPrefix,
    commandTimeoutMs: 5000,
    keptMsMax: 60_000,
    onError: (error) => errors.push(error),
  });

describe.skipIf(redis === null)('with a Redis', () => {
  predictionCacheContract('the Redis cache', async () => {
    const prefix = nextPrefix();
    const caches = [await open(redis!.url, prefix), await open(redis!.url, prefix)] as const;
    return {
      caches,
      isShared: true,
      dispose: async () => {
        for (const cache of caches) await cache.close();
      },
    };
  });
});

describe('without its Redis', () => {
  const running: (Service | PredictionCache)[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await ('stop' in one ? one.stop() : one.close());
  });

  it('rejects at once and keeps nothing back', async () => {
    const errors: Error[] = [];
    const cache = await open(`redis://127.0.0.1:${await freePort()}`, 'x:', errors);
    running.push(cache);
    const startedAtMs = performance.now();
    await expect(cache.fetch([1])).rejects.toMatchObject({ name: 'PredictionCacheError', code: 'unavailable' });
    await expect(cache.store([prediction(1)])).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
    expect(errors.length).toBeGreaterThan(0);
  });

  it.skipIf(!hasRedisServer)(
    'comes back by itself, and has all dropped that may have been invalidated meanwhile',
    async () => {
      const port = await freePort();
      const first = (await startRedis(port))!;
      const cache = await open(first.url, 'x:');
      running.push(cache);
      const told: number[] = [];
      cache.onInvalidated((tag) => told.push(tag));
      await cache.store([prediction(1)]);
      await cache.invalidate(5);
      await vi.waitFor(() => expect(told).toEqual([5]));
      await first.stop();
      await vi.waitFor(() => expect(cache.fetch([1])).rejects.toMatchObject({ code: 'unavailable' }), 5000);
      running.push((await startRedis(port))!);
      await vi.waitFor(() => expect(told).toEqual([5, TAG_ALL]), 10_000);
      await vi.waitFor(async () => expect(await cache.fetch([1])).toEqual([null]), 10_000);
    },
  );
});
