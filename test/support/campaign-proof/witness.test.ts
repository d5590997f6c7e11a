/** The checker of the proof is checked: what is planted in a real database, as a ledger that errs would leave it, is seen. */
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { pgliteTestDatabases } from '../../../adapters/ledger/testing/databases.ts';
import { LedgerWorld } from '../../../adapters/ledger/testing/world.ts';
import type { LeaseGrant } from '../../../engine/ports/budget-ledger.ts';
import type { Engine } from './engines.ts';
import type { Win } from './traffic.ts';
import { Witness } from './witness.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

/** Nanos: what the wins below were answered with. */
const PRICE = 1_000_000;
const BUDGET = 10n * BigInt(PRICE);

let world: LedgerWorld;
let lease: LeaseGrant;
let witness: Witness;

beforeEach(async () => {
  world = new LedgerWorld(await databases());
  await world.setTerms({ budget: BUDGET });
  lease = await world.lease(Number(BUDGET));
  witness = new Witness({
    query: async (sql, parameters = []) => ({ rows: await world.database.query(sql, parameters) }),
  });
  witness.expectBudget('c1', BUDGET);
});
afterEach(() => world.dispose());

const win = (auctionId: string, reportedAtMs: number | null): Win => ({
  ...{ auctionId, lineItemId: 'l1', price: 1, seller: { name: 'engine' } as Engine },
  ...{ life: 1, atMs: 0, wallMs: world.nowMs, reportedAtMs },
});
const keyOf = (auctionId: string): string => `${auctionId}/1/impression`;
const reserve = (auctionId: string) => world.reserve(lease, keyOf(auctionId), PRICE);
const bill = async (auctionId: string): Promise<void> => {
  await reserve(auctionId);
  await world.bill(lease, keyOf(auctionId), PRICE);
};
/** Past the constraints and triggers, which would refuse it. */
const plant = (sql: string): Promise<void> => world.database.script(`${LIFT_GUARDS} ${sql}`);
const LIFT_GUARDS = `ALTER TABLE account DISABLE TRIGGER USER; ALTER TABLE transfer DISABLE TRIGGER USER;
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'account'::regclass AND contype = 'c'
    LOOP EXECUTE format('ALTER TABLE account DROP CONSTRAINT %I', name); END LOOP;
  END $$;`;
const audit = (wins: readonly Win[]) => witness.audit(wins, () => false);

it('finds nothing in books that are right', async () => {
  await bill('billed');
  await reserve('waiting');
  expect(await audit([win('billed', 1), win('waiting', null)])).toMatchObject({
    billed: 1,
    reserved: 1,
    unpaid: 0,
    lost: 0,
  });
  expect(witness.problems).toEqual([]);
});

it('sees a nano above the budget while it stands there, and in the journal for ever', async () => {
  await bill('billed');
  await plant(`UPDATE account SET spent = ${BUDGET + 1n}, leased = 0`);
  await witness.sample();
  expect(witness.problems).toContainEqual(`c1: spent ${BUDGET + 1n} of ${BUDGET}`);
  await plant(`UPDATE account SET spent = ${PRICE}, leased = ${BUDGET} - ${PRICE}`);
  await plant(`UPDATE transfer SET budget = ${PRICE - 1} WHERE kind = 'bill'`);
  await audit([win('billed', 1)]);
  expect(witness.problems).toContainEqual(expect.stringContaining('spent more than the budget of the moment: c1'));
});

it('sees spend grow above a budget that was cut below it', async () => {
  await bill('one');
  await world.setTerms({ budget: 1n });
  witness.expectBudget('c1', 1n);
  await witness.sample();
  expect(witness.problems).toEqual([]);
  await plant('UPDATE account SET spent = spent + 1, leased = leased - 1');
  await witness.sample();
  expect(witness.problems).toEqual([`c1: spent ${PRICE + 1} of 1`]);
});

it('sees one key that is paid twice', async () => {
  await bill('billed');
  await plant(`INSERT INTO transfer (kind, key, account_id, from_book, to_book, amount, fee, publisher_id, budget, at_ms)
    VALUES ('absorb', '${keyOf('billed')}', 'c1', 'absorbed', 'served', ${PRICE}, 0, 'pub', ${BUDGET}, 0)`);
  await audit([win('billed', 1)]);
  expect(witness.problems).toContainEqual(`billed twice: ${keyOf('billed')}`);
});

it('sees money that left an account without a trace', async () => {
  await plant('UPDATE account SET leased = leased - 1');
  await audit([]);
  expect(witness.problems).toContainEqual(`c1: balances of ${BUDGET - 1n} with a budget of ${BUDGET}`);
});

it('sees a bill that was lost: of a win that is known, expired, or not known at all', async () => {
  for (const auctionId of ['waiting', 'expired', 'released']) await reserve(auctionId);
  await world.ledger.release([keyOf('expired')], 'expired');
  await world.ledger.release([keyOf('released')], 'not-served');
  const reported = ['waiting', 'expired', 'released', 'unknown'].map((auctionId) => win(auctionId, 1));
  expect(await audit(reported)).toMatchObject({ unpaid: 3, lost: 1 });
  expect(witness.problems).toEqual([
    `win ${keyOf('waiting')}: reported, and yet reserved`,
    `win ${keyOf('expired')}: reported, and yet expired`,
    `win ${keyOf('released')}: reported, and yet released`,
    `win ${keyOf('unknown')} of engine: the ledger has never heard of it`,
  ]);
});

it('sees a bill at another price than the answer said', async () => {
  await bill('billed');
  await audit([{ ...win('billed', 1), price: 1.000001 }]);
  expect(witness.problems).toEqual([`win ${keyOf('billed')}: billed ${PRICE}, answered ${PRICE + 1}`]);
});
