/** What only a real PostgreSQL with several connections can show. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { openBudgetLedger } from './ledger.ts';
import { openDatabaseOf, type PostgresTestDatabase, postgresTestDatabases } from './testing/databases.ts';
import { billAndKill } from './testing/kill-billing.ts';
import { HORIZON_MS, LedgerWorld } from './testing/world.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

/** By the database's clock, with room for all. */
const LEDGER_OPTIONS = { processId: 'racing', billingHorizonMs: HORIZON_MS, feePpm: 0, nowMs: null };

describe.skipIf(postgres === null)('many processes on one PostgreSQL', () => {
  const createDatabase = postgresTestDatabases(postgres?.url ?? '');
  let test: PostgresTestDatabase;
  let world: LedgerWorld;
  beforeEach(async () => {
    test = await createDatabase();
    world = new LedgerWorld(test);
    await world.setTerms();
  });
  afterEach(async () => {
    expect(await world.problems()).toEqual([]);
    await test.dispose();
  });
  const ledgers = (count: number) => Array.from({ length: count }, () => world.anotherLedger());
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);

  it('one key billed from ten connections at once is billed once', async () => {
    const lease = await world.lease(100);
    const bill = world.billOf(lease, 'k', 10);
    const results = await Promise.all(ledgers(10).map((ledger) => ledger.bill([bill])));
    expect(results.flat().sort()).toEqual(['billed', ...range(9).map(() => 'repeated')]);
  });

  it('one key billed to ten accounts at once is billed to one of them', async () => {
    const accounts = range(10).map((index) => `n${index}`);
    for (const accountId of accounts) await world.setTerms({ accountId });
    const leases = await Promise.all(accounts.map((accountId) => world.lease(100, accountId)));
    const all = ledgers(10);
    const results = await Promise.all(leases.map((lease, at) => all[at]!.bill([world.billOf(lease, 'k', 10)])));
    expect(results.flat().sort()).toEqual(['billed', ...range(9).map(() => 'repeated')]);
  });

  it('batches that name many accounts and keys in any order neither lock up nor bill twice', async () => {
    const accounts = range(6).map((index) => `n${index}`);
    for (const accountId of accounts) await world.setTerms({ accountId });
    const leases = await Promise.all(accounts.map((accountId) => world.lease(100, accountId)));
    const bills = range(60).map((index) => world.billOf(leases[index % 6]!, `k${index}`, 5));
    const shuffled = (seed: number) =>
      bills.toSorted((a, b) => ((hash(a.key) * seed) % 97) - ((hash(b.key) * seed) % 97));
    const results = await Promise.all(ledgers(8).map((ledger, at) => ledger.bill(shuffled(at + 3))));
    expect(results.flat().filter((result) => result === 'billed')).toHaveLength(60);
    for (const accountId of accounts) expect((await world.figures(accountId)).spent).toBe(50);
  });

  it('tranches that many open at once never exceed the budget', async () => {
    const all = ledgers(10);
    for (const round of range(5)) {
      await Promise.all(
        all.map(async (ledger, at) => {
          const tranche = await ledger.openTranche(world.wanted(90, { afterEpoch: round }));
          if (typeof tranche === 'string') return;
          const grant = world.grant(tranche, { sequence: at + 1, amount: 30, processId: `p${at}` });
          await ledger.confirmLeases([grant]);
        }),
      );
    }
    const { available, leased } = await world.figures();
    expect(available! + leased!).toBe(1000);
  });

  it('a lease of one sequence is confirmed for one of ten that claim it', async () => {
    const tranche = await world.openTranche(1000);
    const results = await Promise.all(
      ledgers(10).map((ledger) => ledger.confirmLeases([world.grant(tranche, { amount: 10 })])),
    );
    expect(results.flat().filter(({ kind }) => kind === 'live')).toHaveLength(1);
  });

  it('bills, releases, sweeps and cuts that race end with every key in one state', async () => {
    const lease = await world.lease(1000);
    const keys = range(40).map((index) => `k${index}`);
    await world.ledger.reserve(keys.map((key) => ({ ...lease, key, amount: 10, publisherId: 'pub', heldMs: 0 })));
    const all = ledgers(6);
    await Promise.all([
      ...range(4).map((at) => all[at]!.bill(keys.map((key) => world.billOf(lease, key, 10)))),
      all[4]!.release(keys, 'refunded'),
      all[4]!.release(keys.toReversed(), 'not-served'),
      all[5]!.sweep(world.nowMs),
      all[5]!.closeLeases([{ ...lease, unspent: 1000, requestId: 'r' }]),
      world.setTerms({ budget: 200n }),
    ]);
    world.nowMs += HORIZON_MS + 60_000;
    await world.ledger.sweep(world.nowMs);
    const { spent, reserved, leased } = await world.figures();
    expect({ reserved, leased }).toEqual({ reserved: 0, leased: 0 });
    expect(spent).toBeLessThanOrEqual(200);
  });

  it('reports and the telling of their wins that race: each key is billed once, none is left waiting', async () => {
    await world.setTerms({ budget: 100_000n });
    const lease = await world.lease(100_000);
    const roomy = () => openBudgetLedger(test.another(), LEDGER_OPTIONS);
    const [teller, ...reporters] = [roomy(), roomy(), roomy(), roomy()];
    const results: string[] = [];
    for (const round of range(15)) {
      const keys = range(20).map((index) => `r${round}-${index}`);
      const reports = keys.map((key) => ({ key, atMs: 0, mayBecomeKnown: true }));
      const told = keys.map((key) => ({
        ...lease,
        key,
        amount: 10,
        publisherId: 'pub',
        heldMs: 60_000,
      }));
      const all = await Promise.all([
        teller!.reserve(told.toReversed()),
        ...reporters.map((ledger, at) => ledger.billReports(at === 0 ? reports : reports.toReversed())),
        world.ledger.sweep(world.nowMs),
      ]);
      for (const answer of all.slice(0, -1)) results.push(...(answer as readonly string[]));
    }
    expect(results.filter((result) => result === 'billed')).toHaveLength(300);
    expect(await world.figures()).toMatchObject({ reserved: 0, spent: 3000 });
    expect(await world.database.query(`SELECT key FROM charge WHERE state = 'parked'`)).toEqual([]);
  });

  it('a process killed in the middle of its transaction leaves nothing of it, and no lock', async () => {
    await world.setTerms({ budget: 1_000_000n });
    const lease = await world.lease(1_000_000);
    let billed = 0;
    for (const round of range(2)) {
      const acknowledged = await billAndKill([test.url, String(billed), 'c1', String(lease.epoch)], 5 + 20 * round);
      // The account's lock is ours only when the server has ended the dead one's transaction.
      expect(await world.bill(lease, `after ${round}`, 1)).toBe('billed');
      const [counted] = await world.database.query<{ count: bigint }>(
        `SELECT count(*) FROM charge WHERE key LIKE 'k%'`,
      );
      billed = Number(counted!.count);
      expect([acknowledged + 1, acknowledged + 3]).toContain(billed);
    }
  }, 60_000);

  it('F33 a transaction that fails to serialize is run again', async () => {
    const [one, two] = [test.another(), test.another()];
    let runs = 0;
    const increment = (database: typeof one) =>
      database.transaction(async (tx) => {
        runs += 1;
        await tx.script('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        const [row] = await tx.query<{ revision: bigint }>(`SELECT revision FROM account WHERE id = 'c1'`);
        await tx.query(`UPDATE account SET revision = $1 WHERE id = 'c1'`, [row!.revision + 1n]);
      });
    const before = await world.database.query<{ revision: bigint }>('SELECT revision FROM account');
    await Promise.all(range(6).map((index) => increment(index % 2 === 0 ? one : two)));
    const after = await world.database.query<{ revision: bigint }>('SELECT revision FROM account');
    expect(after[0]!.revision - before[0]!.revision).toBe(6n);
    expect(runs).toBeGreaterThanOrEqual(6);
  });

  it('two that lock in opposite order both get through', async () => {
    await world.setTerms({ accountId: 'c2' });
    const swap = (database: ReturnType<typeof test.another>, [first, second]: readonly [string, string]) =>
      database.transaction(async (tx) => {
        await tx.query('UPDATE account SET revision = revision + 1 WHERE id = $1', [first]);
        await tx.query('SELECT pg_sleep(0.05)');
        await tx.query('UPDATE account SET revision = revision + 1 WHERE id = $1', [second]);
      });
    await Promise.all([swap(test.another(), ['c1', 'c2']), swap(test.another(), ['c2', 'c1'])]);
    const rows = await world.database.query('SELECT revision FROM account');
    expect(rows).toEqual([{ revision: 3n }, { revision: 3n }]);
  });

  it('says late when the database is busy, and unavailable when it ends the session', async () => {
    const hasty = openDatabaseOf(test.url, { statementTimeoutMs: 100 });
    const blocked = test.database.transaction(async (tx) => {
      await tx.query(`SELECT id FROM account WHERE id = 'c1' FOR UPDATE`);
      const impatient = world.openLedger(hasty).closeTranche('c1', 1);
      await expect(impatient).rejects.toMatchObject({ name: 'BudgetLedgerError', code: 'late' });
    });
    await blocked;
    const cut = hasty.transaction((tx) => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    await expect(cut).rejects.toMatchObject({ name: 'BudgetLedgerError', code: 'unavailable' });
    expect(await hasty.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await hasty.close();
    await expect(hasty.query('SELECT 1')).rejects.toMatchObject({ code: 'closed' });
    const nowhere = openDatabaseOf('postgres://gavel@127.0.0.1:1/none', {});
    await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'unavailable' });
    await nowhere.close();
  });
});

function hash(text: string): number {
  return [...text].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 9973;
}
