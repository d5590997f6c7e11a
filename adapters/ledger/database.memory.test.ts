/** What the books in memory guard by themselves; what they say is judged by the contracts (`ledger.memory.test.ts`). */
import { describe, expect, it } from 'vitest';
import { BOOKS_SQL } from './books.ts';
import { MemoryDatabase } from './database.memory.ts';
import type { RowChange } from './memory/memory-table.ts';
import { insertRows, LEASE, SHARE, SLOT, selectRows, TRANCHE, TRANSFER, upsertRows } from './rows.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

async function aWorld(): Promise<{ readonly world: LedgerWorld; readonly database: MemoryDatabase }> {
  const database = new MemoryDatabase({ nowMs: () => START_MS });
  const world = new LedgerWorld({ database, another: () => database, dispose: database.close });
  await world.setTerms();
  return { world, database };
}

const share = (publisher_id: string, payable = 1n) => ({ account_id: 'c1', publisher_id, payable, fee: 0n });

describe('the books in memory', () => {
  it('undo all of a transaction that fails, as if it had not been', async () => {
    const { world, database } = await aWorld();
    await world.lease(100);
    const before = JSON.stringify(contents(database), (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    const failing = database.transaction(async (tx) => {
      await upsertRows(tx, SHARE, [share('one')]);
      await upsertRows(tx, SHARE, [share('one', 5n), share('two')]);
      const [tranche] = [...database.tables.tranche.rows()];
      await upsertRows(tx, TRANCHE, [{ ...tranche!, state: 'closed', returned: 0n, leased: 100n }]);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    const after = JSON.stringify(contents(database), (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    expect(after).toBe(before);
    expect(database.tables.tranche.index('open').size).toBe(1);
  });

  it('let one transaction be seen by the next only when it stands', async () => {
    const { database } = await aWorld();
    const seen: number[] = [];
    const count = async (): Promise<void> => {
      seen.push((await selectRows(database, SHARE, [{ account_id: 'c1', publisher_id: 'one' }])).length);
    };
    await Promise.all([
      database.transaction(async (tx) => {
        await upsertRows(tx, SHARE, [share('one')]);
        await Promise.resolve();
        await upsertRows(tx, SHARE, [share('two')]);
      }),
      count(),
    ]);
    expect(seen).toEqual([1]);
  });

  it('hand out copies: who changes what was read has changed nothing', async () => {
    const { world, database } = await aWorld();
    await world.lease(100);
    const [lease] = await selectRows(database, LEASE, [{ account_id: 'c1', epoch: 1, sequence: 1 }]);
    lease!.amount = 7n;
    expect([...database.tables.lease.rows()][0]!.amount).toBe(100n);
  });

  it.each([
    ['a balance below zero', 'account', { available: -1n, spent: 1001n }],
    ['a budget that is nowhere', 'account', { available: 999n }],
    ['spend that rises above the budget', 'account', { available: 0n, spent: 1001n }],
    ['a tranche that is leased above its amount', 'tranche', { leased: 101n }],
    ['a tranche that is closed with something left', 'tranche', { state: 'closed', leased: 99n }],
    ['a lease that is billed above its amount', 'lease', { billed: 101n }],
    ['a lease that is closed with something left', 'lease', { state: 'closed' }],
    ['a charge without an account', 'charge', { account_id: null }],
    ['a bill for nobody', 'charge', { state: 'billed', publisher_id: null }],
    ['a transfer of nothing', 'transfer', { amount: 0n }],
  ] as const)('refuse %s', async (_what, table, changes) => {
    const { world, database } = await aWorld();
    await world.reserve(await world.lease(100), 'k', 40);
    const [row] = [...database.tables[table].rows()];
    const { rejects } = expect(
      database.transaction(async () => database.tables[table].put({ ...row!, ...changes } as never)),
    );
    await rejects.toMatchObject({ code: '23514' });
  });

  it('take a key of the journal once, and one open tranche of an account', async () => {
    const { world, database } = await aWorld();
    await world.lease(100);
    const [transfer] = [...database.tables.transfer.rows()];
    const [tranche] = [...database.tables.tranche.rows()];
    await expect(insertRows(database, TRANSFER, [transfer!])).rejects.toMatchObject({ code: '23505' });
    const second = { ...tranche!, epoch: 2n };
    await expect(insertRows(database, TRANCHE, [second])).rejects.toMatchObject({ code: '23505' });
  });

  it('refuse text that PostgreSQL cannot hold, statements that the books do not have, and work once closed', async () => {
    const { database } = await aWorld();
    const slot = { account_id: 'c\u0000', slot_start_ms: 0n };
    await expect(insertRows(database, SLOT, [slot])).rejects.toMatchObject({ code: '22021' });
    await expect(database.query('SELECT 1')).rejects.toThrow('know no such statement: SELECT 1');
    await expect(database.script('SELECT 1')).rejects.toThrow('no scripts');
    await database.close();
    await expect(database.query(BOOKS_SQL.now)).rejects.toMatchObject({ code: 'closed' });
  });

  it('tell what stands, in the order in which it was written, and nothing of what was undone', async () => {
    const commits: (readonly RowChange[])[] = [];
    const database = new MemoryDatabase({ nowMs: () => START_MS, onCommit: (changes) => commits.push(changes) });
    const undone = database.transaction(async (tx) => {
      await upsertRows(tx, SHARE, [share('one')]);
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    await upsertRows(database, SHARE, [share('one'), share('two')]);
    await upsertRows(database, SHARE, [share('two', 3n)]);
    await database.query(BOOKS_SQL.now);
    const told = commits.map((changes) => changes.map(({ table, before, after }) => [table, before, after]));
    expect(told).toEqual([
      [
        ['publisher_share', null, share('one')],
        ['publisher_share', null, share('two')],
      ],
      [['publisher_share', share('two'), share('two', 3n)]],
    ]);
  });
});

function contents({ tables }: MemoryDatabase): unknown {
  return Object.entries(tables).map(([name, table]) => [name, [...table.rows()]]);
}
