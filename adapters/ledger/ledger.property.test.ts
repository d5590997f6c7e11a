/** Whatever is asked in whatever order: after each call the books are right, and nobody paid more than the budget. */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { LeaseGrant } from '../../engine/ports/budget-ledger.ts';
import { pgliteTestDatabases } from './testing/databases.ts';
import { HORIZON_MS, LedgerWorld } from './testing/world.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

/** A state of the world that calls are drawn against: few accounts, leases and keys, so that they meet. */
interface Played {
  readonly world: LedgerWorld;
  readonly grants: LeaseGrant[];
  readonly budgets: Map<string, bigint>;
}

type Step = (played: Played) => Promise<unknown>;

const ACCOUNTS = ['c1', 'c2'];
const account = fc.constantFrom(...ACCOUNTS);
const key = fc.integer({ min: 0, max: 11 }).map((index) => `k${index}`);
const amount = fc.integer({ min: 1, max: 400 });
const index = fc.nat({ max: 30 });
const grantAt = ({ grants, world }: Played, at: number): LeaseGrant =>
  grants.length === 0 ? world.grant({ accountId: 'c1', epoch: 1 }) : grants[at % grants.length]!;

const openTranche = fc
  .record({
    accountId: account,
    size: amount,
    amountMin: fc.integer({ min: 1, max: 50 }),
    afterEpoch: fc.nat({ max: 9 }),
  })
  .map(({ size, ...changes }): Step => {
    return ({ world }) => world.ledger.openTranche(world.wanted(size, changes));
  });

/** Of the latest epoch or one before, in sequence or not: a store that lost data may say anything. */
const confirm = fc
  .record({ accountId: account, epochsBack: fc.nat({ max: 1 }), sequence: fc.integer({ min: 1, max: 4 }), amount })
  .map(({ accountId, epochsBack, sequence, amount: leased }): Step => {
    return async (played) => {
      const [row] = await played.world.database.query<{ epoch: bigint }>('SELECT epoch FROM account WHERE id = $1', [
        accountId,
      ]);
      const epoch = Math.max(0, Number(row!.epoch) - epochsBack);
      const grant = played.world.grant({ accountId, epoch }, { sequence, amount: leased, termMs: 1000 });
      if ((await played.world.confirm(grant)) === 'live') played.grants.push(grant);
    };
  });

const charge = fc.array(fc.record({ at: index, key, amount }), { minLength: 1, maxLength: 4 }).chain((items) =>
  fc.constantFrom<Step>(
    (played) =>
      played.world.ledger.bill(
        items.map((item) => played.world.billOf(grantAt(played, item.at), item.key, item.amount)),
      ),
    (played) =>
      played.world.ledger.reserve(
        items.map((item) => {
          const { accountId, epoch, sequence } = grantAt(played, item.at);
          const heldMs = item.amount * 100;
          return { accountId, epoch, sequence, key: item.key, amount: item.amount, publisherId: 'pub', heldMs };
        }),
      ),
  ),
);

const report = fc.array(fc.record({ key, mayBecomeKnown: fc.boolean() }), { minLength: 1, maxLength: 4 }).map(
  (reports): Step =>
    ({ world }) =>
      world.ledger.billReports(reports.map((each) => ({ ...each, atMs: world.nowMs }))),
);

const giveBack = fc.record({ at: index, unspent: amount }).map(({ at, unspent }): Step => {
  return (played) => played.world.ledger.closeLeases([{ ...grantAt(played, at), unspent, requestId: 'r' }]);
});

const release = fc
  .record({
    keys: fc.array(key, { minLength: 1, maxLength: 4 }),
    reason: fc.constantFrom('expired' as const, 'refunded' as const, 'not-served' as const),
  })
  .map(
    ({ keys, reason }): Step =>
      ({ world }) =>
        world.ledger.release(keys, reason),
  );

const pass = fc.constantFrom(500, 20_000, HORIZON_MS, 9 * 3_600_000).map((ms): Step => {
  return async ({ world }) => {
    world.nowMs += ms;
    await world.ledger.sweep(world.nowMs);
  };
});

const terms = fc
  .record({
    accountId: account,
    budget: fc.bigInt({ min: 0n, max: 1500n }),
    dailyBudget: fc.option(fc.bigInt({ min: 0n, max: 500n })),
    status: fc.constantFrom('active' as const, 'active' as const, 'paused' as const),
  })
  .map(
    (changes): Step =>
      async ({ world, budgets }) => {
        await world.setTerms(changes);
        budgets.set(changes.accountId, changes.budget);
      },
  );

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: openTranche },
    { weight: 4, arbitrary: confirm },
    { weight: 6, arbitrary: charge },
    { weight: 3, arbitrary: report },
    { weight: 1, arbitrary: giveBack },
    { weight: 2, arbitrary: release },
    { weight: 1, arbitrary: pass },
    { weight: 1, arbitrary: terms },
  ),
  { minLength: 20, maxLength: 50, size: 'max' },
);

// Other inputs would be drawn by a second try.
it('conserves every amount, bills within the budget, and each key once', { retry: 0, timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (played) => {
      const test = await databases();
      const state: Played = { world: new LedgerWorld(test), grants: [], budgets: new Map() };
      const { world, budgets } = state;
      for (const accountId of ACCOUNTS) {
        await world.setTerms({ accountId });
        budgets.set(accountId, 1000n);
      }
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
