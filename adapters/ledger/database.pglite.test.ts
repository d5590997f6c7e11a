import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPgliteDatabase } from './database.pglite.ts';
import { migrate } from './migrate.ts';
import { billAndKill } from './testing/kill-billing.ts';
import { LedgerWorld } from './testing/world.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-ledger-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const openWorld = async (): Promise<LedgerWorld> => {
  const database = await openPgliteDatabase(folder);
  await migrate(database);
  return new LedgerWorld({ database, another: () => database, dispose: () => database.close() });
};

it('loses nothing that was answered when its process is killed, again and again', async () => {
  let world = await openWorld();
  await world.setTerms({ budget: 1_000_000n });
  const lease = await world.lease(1_000_000);
  await world.ledger.close();
  let billed = 0;
  for (let round = 0; round < 2; round += 1) {
    const batches = 1 + Math.floor(Math.random() * 60);
    const acknowledged = await billAndKill([folder, String(billed), 'c1', String(lease.epoch)], batches);
    world = await openWorld();
    const [counted] = await world.database.query<{ count: bigint }>('SELECT count(*) AS count FROM charge');
    billed = Number(counted!.count);
    // One more batch may have been written than answered; never half of one.
    expect([acknowledged + 1, acknowledged + 3]).toContain(billed);
    expect(await world.problems()).toEqual([]);
    expect((await world.figures()).spent).toBe(billed);
    await world.ledger.close();
  }
}, 60_000);

it('one process has the folder; it is free again once closed', async () => {
  const database = await openPgliteDatabase(folder);
  await expect(openPgliteDatabase(folder)).rejects.toMatchObject({ name: 'FolderLockedError' });
  await database.close();
  await database.close();
  await expect(database.query('SELECT 1')).rejects.toMatchObject({ name: 'BudgetLedgerError', code: 'closed' });
  await expect(database.transaction(async () => {})).rejects.toMatchObject({ code: 'closed' });
  const again = await openPgliteDatabase(folder);
  await again.close();
});

it('lets other things happen while many transactions wait for it', async () => {
  const database = await openPgliteDatabase(null);
  let turns = 0;
  let next = setImmediate(function count() {
    turns++;
    next = setImmediate(count);
  });
  const transactions = Array.from({ length: 30 }, () =>
    database.transaction((tx) => tx.query('SELECT sum(n) FROM generate_series(1, 20000) AS n')),
  );
  await Promise.all(transactions);
  clearImmediate(next);
  await database.close();
  expect(turns).toBeGreaterThan(5);
}, 60_000);
