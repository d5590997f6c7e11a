/** What the ledger must write down on every database, and what its tables refuse. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEDGER_CHECKS } from './checks.ts';
import type { CreateTestDatabase } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';

export function ledgerRecordsContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} keeps records`, () => {
    let world: LedgerWorld;
    beforeEach(async () => {
      world = new LedgerWorld(await createDatabase());
      await world.setTerms();
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await world.dispose();
    });

    describe('of who did what', () => {
      it('every change is in the audit with who made it', async () => {
        await world.setTerms({ budget: 1200n });
        await world.setTerms({ budget: 1200n });
        const rows = await world.database.query<{ actor: string; details: { after: { budget: string } } }>(
          `SELECT actor, details FROM audit WHERE action = 'account-terms' AND subject = 'c1' ORDER BY id`,
        );
        expect(rows.map(({ actor, details }) => [actor, details.after.budget])).toEqual([
          ['tester', '1000'],
          ['tester', '1200'],
        ]);
      });

      it('a fence is in the audit with whose lease it was', async () => {
        const tranche = await world.openTranche(300);
        await world.confirm(world.grant(tranche, { processId: 'p0' }));
        await world.confirm(world.grant(tranche, { processId: 'p1' }));
        const fences = await world.database.query(`SELECT actor, subject FROM audit WHERE action = 'fence'`);
        expect(fences).toEqual([{ actor: 'p1', subject: 'c1' }]);
      });

      it('the end of a day is an end, and no fence', async () => {
        const tranche = await world.openTranche(300);
        world.nowMs = Date.UTC(2026, 2, 11);
        await world.confirm(world.grant(tranche));
        const rows = await world.database.query(
          `SELECT action, details ->> 'why' AS why FROM audit WHERE action IN ('fence', 'close-tranche')`,
        );
        expect(rows).toEqual([{ action: 'close-tranche', why: 'over' }]);
      });

      it('a key that is billed at another price, or to another account, is in the audit', async () => {
        await world.setTerms({ accountId: 'c2' });
        const [lease, other] = [await world.lease(100), await world.lease(100, 'c2')];
        for (const amount of [10, 10, 20]) await world.bill(lease, 'k', amount);
        await world.bill(other, 'k', 10);
        const mismatches = await world.database.query(`SELECT details FROM audit WHERE action = 'bill-mismatch'`);
        expect(mismatches).toHaveLength(2);
      });
    });

    describe('of what is due', () => {
      const shares = () => world.database.query('SELECT publisher_id, payable, fee FROM publisher_share');

      it('publisher and exchange share a bill; a refund takes it from both', async () => {
        const lease = await world.lease(100);
        await world.bill(lease, 'k', 33);
        expect(await shares()).toEqual([{ publisher_id: 'pub1', payable: 27n, fee: 6n }]);
        await world.ledger.release(['k'], 'refunded');
        expect(await shares()).toEqual([{ publisher_id: 'pub1', payable: 0n, fee: 0n }]);
      });

      it('impressions are owed to nobody', async () => {
        await world.setTerms({ accountId: 'c1/l1', unit: 'impressions', currency: null, budget: 3n });
        await world.bill(await world.lease(2, 'c1/l1'), 'a', 1);
        expect(await shares()).toEqual([]);
      });

      it('of each day', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const lease = await world.lease(100);
        world.nowMs = Date.UTC(2026, 2, 11);
        await world.bill(lease, 'k', 40);
        await world.ledger.closeLeases([{ ...lease, unspent: 60, requestId: 'r' }]);
        await world.openTranche(500);
        const days = await world.database.query('SELECT day, committed, spent FROM account_day ORDER BY day');
        expect(days).toEqual([
          { day: '2026-03-10', committed: 40n, spent: 40n },
          { day: '2026-03-11', committed: 100n, spent: 0n },
        ]);
      });
    });
  });
}

/** What the SQL guards and judges, whoever writes. */
export function ledgerTablesContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(name, () => {
    let world: LedgerWorld;
    beforeEach(async () => {
      world = new LedgerWorld(await createDatabase());
      await world.setTerms();
    });
    afterEach(() => world.dispose());

    describe('that its checks judge', () => {
      it('spend above the budget that a day had is found in the journal alone', async () => {
        await world.setTerms({ dailyBudget: 100n });
        const lease = await world.lease(100);
        await world.bill(lease, 'a', 60);
        await world.bill(lease, 'b', 40);
        const [check] = LEDGER_CHECKS.filter(({ name }) => name.includes('spend of a day'));
        expect(await world.database.query(check!.sql)).toEqual([]);
        await world.database.transaction(async (tx) => {
          await tx.script('ALTER TABLE transfer DISABLE TRIGGER USER; UPDATE transfer SET day_budget = 99');
          expect(await tx.query(check!.sql)).toMatchObject([{ account_id: 'c1', day: '2026-03-10', spent: '100' }]);
          await tx.script('UPDATE transfer SET day_budget = 100; ALTER TABLE transfer ENABLE TRIGGER USER');
        });
      });
    });

    describe('the tables', () => {
      it.each([
        ['the journal is append-only', 'UPDATE transfer SET amount = 1'],
        ['also for deletes', 'DELETE FROM transfer'],
        ['the audit is append-only', 'DELETE FROM audit'],
        ['nothing is truncated', 'TRUNCATE audit'],
        ['no balance is negative', 'UPDATE account SET available = -1, spent = 1001'],
        ['all of a budget is somewhere', 'UPDATE account SET available = available - 1'],
        ['spend does not rise above the budget', 'UPDATE account SET available = 0, spent = 1001'],
        ['a lease is not billed above its amount', 'UPDATE lease SET billed = amount + 1'],
        ['a tranche is not leased above its amount', 'UPDATE tranche SET leased = amount + 1'],
      ])('%s, whoever writes', async (_name, sql) => {
        await world.lease(100);
        await expect(world.database.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
      });
    });
  });
}
