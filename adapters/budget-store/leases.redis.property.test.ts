/** The world of `leases.property.test.ts` over a real Redis: fewer seeds, since every call is a real one. */
import { afterAll, describe, expect, it } from 'vitest';
import { runLeaseWorld } from '../../engine/budget/testing/lease-world.ts';
import { WORLD } from '../../engine/budget/testing/world-options.ts';
import { startRedis } from '../../test/support/services.ts';
import { openRedis } from './testing/stores-in-world.ts';

const SEEDS = 8;

const redis = await startRedis();
afterAll(() => redis?.stop());

describe.skipIf(redis === null)('budgets by lease, with a Redis', () => {
  it(`keep every promise over ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { restMax } = await runLeaseWorld(seed, openRedis(redis!.url), null);
      expect(restMax, `unspent at the end of seed ${seed}`).toBeLessThan(WORLD.priceMax);
    }
  }, 120_000);
});
