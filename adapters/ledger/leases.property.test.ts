/**
 * The world of leases (`engine/budget/testing`) over the real ledger: what the model promises, SQL keeps. Few seeds, since
 * every call is a real one.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { runLeaseWorld } from '../../engine/budget/testing/lease-world.ts';
import { type OpenStore, WORLD } from '../../engine/budget/testing/world-options.ts';
import { startPostgres, startRedis } from '../../test/support/services.ts';
import { openEmbedded, openRedis } from '../budget-store/testing/stores-in-world.ts';
import { checkLedger } from './checks.ts';
import { type CreateTestDatabase, pgliteTestDatabases, postgresTestDatabases } from './testing/databases.ts';
import { ledgerInWorld } from './testing/ledger-in-world.ts';

const SEEDS = Number(process.env.GAVEL_LEDGER_SEEDS ?? 2);
/** A failed run prints its seed: run it alone from here. */
const FIRST_SEED = Number(process.env.GAVEL_LEDGER_FIRST_SEED ?? 1);

const postgres = await startPostgres();
const redis = await startRedis();
const pglite = pgliteTestDatabases();
afterAll(async () => {
  await pglite.stop();
  await postgres?.stop();
  await redis?.stop();
});

async function keepsPromises(seed: number, openStore: OpenStore, createDatabase: CreateTestDatabase): Promise<void> {
  const test = await createDatabase();
  const { restMax, billed } = await runLeaseWorld(seed, openStore, null, ledgerInWorld(test.database));
  expect(restMax, `unspent at the end of seed ${seed}`).toBeLessThan(WORLD.priceMax);
  expect(billed).toBeGreaterThan(10);
  expect(await checkLedger(test.database)).toEqual([]);
  await test.dispose();
}

const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);

describe('budgets by lease keep every promise', () => {
  it.each(seeds)('over PGlite, seed %i', (seed) => keepsPromises(seed, openEmbedded, pglite), 120_000);
});

describe.skipIf(postgres === null || redis === null)('budgets by lease keep every promise, with real services', () => {
  it.each(seeds)(
    'over PostgreSQL and Redis, seed %i',
    (seed) => keepsPromises(seed, openRedis(redis!.url), postgresTestDatabases(postgres!.url)),
    120_000,
  );
});
