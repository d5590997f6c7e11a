/** The world of `leases.property.test.ts` over a real Redis: fewer seeds, since every call is a real one. */
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { runLeaseWorld } from '../../engine/budget/testing/lease-world.ts';
import { type OpenStore, WORLD } from '../../engine/budget/testing/world-options.ts';
import { startRedis } from '../../test/support/services.ts';
import { openRedisBudgetStore } from './budget-store.redis.ts';

const SEEDS = 8;

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;

const openRedis: OpenStore = async () => {
  const keyPrefix = `gavel-leases-${process.pid}-${Date.now()}-${prefixes++}:`;
  const options = { url: redis!.url, keyPrefix, commandTimeoutMs: 20_000 };
  const store = await openRedisBudgetStore({
    ...options,
    onError: (error) => {
      throw error;
    },
  });
  const admin = new Redis(redis!.url);
  const flush = async (): Promise<void> => {
    const keys = await admin.keys(`${keyPrefix}*`);
    if (keys.length > 0) await admin.del(keys);
  };
  return {
    connect: () => store,
    flush,
    snapshot: async () => {
      const keys = await admin.keys(`${keyPrefix}*`);
      const dumps = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
      return async () => {
        await flush();
        await Promise.all(keys.map((key, index) => admin.restore(key, 600_000, dumps[index]!)));
      };
    },
    close: async () => {
      await flush();
      await store.close();
      admin.disconnect();
    },
  };
};

describe.skipIf(redis === null)('budgets by lease, with a Redis', () => {
  it(`keep every promise over ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { restMax } = await runLeaseWorld(seed, openRedis, null);
      expect(restMax, `unspent at the end of seed ${seed}`).toBeLessThan(WORLD.priceMax);
    }
  }, 120_000);
});
