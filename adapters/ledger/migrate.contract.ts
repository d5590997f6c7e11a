/** What migrating must do on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
      expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1));
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
