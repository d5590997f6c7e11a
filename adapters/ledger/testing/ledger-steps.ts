/** Calls of a ledger, drawn at random: whatever may be asked, in whatever order. */
import fc from 'fast-check';
import type { LeaseGrant } from '../../../engine/ports/budget-ledger.ts';
import { ACCOUNT, type AccountRow, selectRows } from '../rows.ts';
import { HORIZON_MS, type LedgerWorld } from './world.ts';

/** A state of the world that calls are drawn against: few accounts, leases and keys, so that they meet. */
export interface Played {
  readonly world: LedgerWorld;
  readonly grants: LeaseGrant[];
  readonly budgets: Map<string, bigint>;
}

/** Gives what was answered. */
export type Step = (played: Played) => Promise<unknown>;

export const ACCOUNTS = ['c1', 'c2'];
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
      const [row] = await selectRows<AccountRow>(played.world.database, ACCOUNT, [{ id: accountId }]);
      const epoch = Math.max(0, Number(row!.epoch) - epochsBack);
      const grant = played.world.grant({ accountId, epoch }, { sequence, amount: leased, termMs: 1000 });
      const standing = await played.world.confirm(grant);
      if (standing === 'live') played.grants.push(grant);
      return standing;
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
    return world.ledger.sweep(world.nowMs);
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

export const steps = fc.array(
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

/** Each account with a budget of 1000. */
export async function beginPlay(world: LedgerWorld): Promise<Played> {
  const budgets = new Map<string, bigint>();
  for (const accountId of ACCOUNTS) {
    await world.setTerms({ accountId });
    budgets.set(accountId, 1000n);
  }
  return { world, grants: [], budgets };
}
