/** What people and other engines do to the database of campaigns while this one starts and sells. */
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../adapters/clock.ts';
import { openDatabaseOf, postgresTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { loadConfig } from '../config/load.ts';
import { startPostgres } from '../test/support/services.ts';
import { type DatabaseBooks, openCampaignBooks } from './campaign-books.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

const open = (url: string): Promise<DatabaseBooks> => {
  const config = loadConfig({ file: null, environment: {}, overrides: { 'campaigns.databaseUrl': url } });
  return openCampaignBooks(config, systemClock, () => {});
};

/** Something another session holds until it is told to let go. */
async function hold(url: string, sql: string): Promise<() => Promise<void>> {
  const session = openDatabaseOf(url, { connectionsMax: 1 });
  await session.script(sql);
  return session.close;
}

describe.skipIf(postgres === null)('the database of campaigns', () => {
  const databases = postgresTestDatabases(postgres?.url ?? '');

  it('is waited for while another engine brings it up to date, for longer than any statement may take', async () => {
    const test = await databases();
    const letGo = await hold(test.url, 'SELECT pg_advisory_lock(4142837)');
    const opening = open(test.url);
    const isEarly = await Promise.race([
      opening.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, 8000, false)),
    ]);
    expect(isEarly).toBe(false);
    await letGo();
    await (await opening).close();
    await test.dispose();
  }, 30_000);

  it('has room for money however many people read lists that do not come', async () => {
    const test = await databases();
    const books = await open(test.url);
    const session = openDatabaseOf(test.url, { connectionsMax: 1 });
    // Wrapped, so that the transaction does not wait for them.
    const { lists } = await session.transaction(async (tx) => {
      await tx.script('LOCK TABLE line_item IN ACCESS EXCLUSIVE MODE');
      const reads = Array.from({ length: 20 }, () => books.api.store.list('line-item', { limit: 1 }));
      expect(await books.database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      return { lists: reads };
    });
    expect(await Promise.all(lists)).toHaveLength(20);
    await session.close();
    await books.close();
    await test.dispose();
  }, 30_000);
});
