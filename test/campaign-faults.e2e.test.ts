/** Budgets that nobody can overspend, with processes, Redis and PostgreSQL that are killed: one round of all faults. */
import { afterAll, describe, expect, it } from 'vitest';
import { runProof } from './support/campaign-proof/proof.ts';
import { startHurtPostgres } from './support/campaign-proof/services.ts';
import { IS_BUILT } from './support/gavel-process.ts';
import { hasRedisServer } from './support/services.ts';

const postgres = IS_BUILT && hasRedisServer ? await startHurtPostgres() : null;
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('campaigns under faults (needs a build, redis-server and PostgreSQL)', () => {
  // Of all tries: what one has found stays found, though the next has other luck.
  const problems: string[] = [];

  it('nobody is billed above a budget, nothing twice, all that was reported once, all goes on', async () => {
    const seed = Date.now();
    const result = await runProof({ postgres: postgres!, engines: 3, seconds: 1, seed, spendsAll: false });
    console.log({ seed, ...result });
    problems.push(...result.problems);
    expect(problems).toEqual([]);
  }, 300_000);
});
