/** Budgets that nobody can overspend, with processes, Redis and PostgreSQL that are killed: a minute of faults, and to the end of the budgets. */
import { afterAll, describe, expect, it } from 'vitest';
import { runProof } from '../support/campaign-proof/proof.ts';
import { startHurtPostgres } from '../support/campaign-proof/services.ts';
import { IS_BUILT } from '../support/gavel-process.ts';
import { hasRedisServer } from '../support/services.ts';

const postgres = IS_BUILT && hasRedisServer ? await startHurtPostgres() : null;
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('campaigns under faults (needs a build, redis-server and PostgreSQL)', () => {
  it('nobody is billed above a budget, nothing twice, all that was reported once, all goes on, and in the end the budgets are spent', async () => {
    const seed = Date.now();
    const result = await runProof({ postgres: postgres!, engines: 4, seconds: 60, seed, spendsAll: true });
    console.log({ seed, ...result });
    expect(result.problems).toEqual([]);
    expect(Math.min(...Object.values(result.delivered))).toBeGreaterThanOrEqual(0.99);
  }, 600_000);
});
