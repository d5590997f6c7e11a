/** Whatever is asked in whatever order: after each call the books are right, and nobody paid more than the budget. */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { pgliteTestDatabases } from './testing/databases.ts';
import { ACCOUNTS, beginPlay, steps } from './testing/ledger-steps.ts';
import { HORIZON_MS, LedgerWorld } from './testing/world.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

// Other inputs would be drawn by a second try.
it('conserves every amount, bills within the budget, and each key once', { retry: 0, timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (played) => {
      const test = await databases();
      const state = await beginPlay(new LedgerWorld(test));
      const { world, budgets } = state;
      for (const step of played) {
        await step(state);
        expect(await world.problems()).toEqual([]);
      }
      // In the end all that was out is spent or back.
      world.nowMs += 10 * HORIZON_MS;
      await world.ledger.sweep(world.nowMs);
      for (const { accountId, epoch } of state.grants) await world.ledger.closeTranche(accountId, epoch);
      for (const figures of await world.ledger.figures(ACCOUNTS)) {
        expect(figures.reserved).toBe(0n);
        expect(figures.budget).toBe(budgets.get(figures.accountId));
        if (figures.spent <= figures.budget && figures.leased === 0n) {
          expect(figures.available + figures.spent).toBe(figures.budget);
        }
      }
      await test.dispose();
    }),
    { numRuns: 6 },
  );
});
