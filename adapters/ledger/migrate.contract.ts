/** What migrating must do on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBudgetLedger } from './ledger.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';

export function migrateContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`migrating ${name}`, () => {
    let test: TestDatabase;
    beforeEach(async () => {
      test = await createDatabase();
    });
    afterEach(() => test.dispose());

    const numbers = async () =>
      (await test.database.query<{ number: number }>('SELECT number FROM migration ORDER BY number')).map(
        (row) => row.number,
      );
    const later = { number: 99, name: 'later', sql: 'CREATE TABLE later (id int)' };

    it('runs each once, in order', async () => {
      await Promise.all([migrate(test.another()), migrate(test.another())]);
      expect(await numbers()).toEqual(MIGRATIONS.map(({ number }) => number));
      expect(await numbers()).toEqual([...new Set(await numbers())].sort((one, other) => one - other));
    });

    it('ends the tranches of tables that an earlier release has filled', async () => {
      const [row] = await test.database.query<{ schema: string }>('SELECT current_schema() AS schema');
      await test.database.script(`DROP SCHEMA ${row!.schema} CASCADE; CREATE SCHEMA ${row!.schema}`);
      await migrate(test.database, MIGRATIONS.slice(0, 3));
      await test.database.script(`
        INSERT INTO account (id, unit, currency, time_zone, status, budget, available, tranched, epoch)
          VALUES ('c1', 'nanos', 'USD', 'UTC', 'active', 100, 40, 60, 1);
        INSERT INTO account_day VALUES ('c1', '2026-03-10', NULL, 60, 0);
        INSERT INTO tranche VALUES ('c1', 1, 'open', 60, 0, 0, '2026-03-10', NULL, 5);
        INSERT INTO tranche_request VALUES ('c1', 'r', 1)`);
      await migrate(test.database);
      const ledger = openBudgetLedger(test.database, {
        processId: 'p',
        billingHorizonMs: 1000,
        feePpm: 0,
        nowMs: null,
      });
      const tranche = await ledger.openTranche({ accountId: 'c1', amount: 100, amountMin: 1, afterEpoch: 0 });
      expect(tranche).toMatchObject({ epoch: 2, amount: 100, notAfterMs: expect.any(Number) });
    });

    it('leaves what a later release added', async () => {
      await migrate(test.database, [...MIGRATIONS, later]);
      await migrate(test.database);
      expect(await numbers()).toContain(99);
    });

    it('refuses a database whose migrations are not ours', async () => {
      await migrate(test.database, [...MIGRATIONS, later]);
      const edited = { ...later, sql: 'CREATE TABLE other (id int)' };
      await expect(migrate(test.database, [...MIGRATIONS, edited])).rejects.toThrow(
        'migration 99 (later) ran with other SQL',
      );
    });

    it('all or nothing', async () => {
      const broken = { number: 100, name: 'broken', sql: 'CREATE TABLE half (id int); CREATE TABLE half (id int)' };
      await expect(migrate(test.database, [...MIGRATIONS, later, broken])).rejects.toThrow('already exists');
      expect(await numbers()).not.toContain(99);
    });
  });
}
