/** Databases of tests in memory, which any SQL can be asked of: what is not a statement of the books runs on a copy in PGlite. */
import { MemoryDatabase } from '../database.memory.ts';
import type { Database, Queryable } from '../database.ts';
import type { MemoryTable } from '../memory/memory-table.ts';
import { STATEMENTS } from '../memory/statements.ts';
import { type CreateTestDatabase, pgliteTestDatabases, type TestDatabase } from './databases.ts';

/** One schema for the copies of all. */
export function memoryTestDatabases(): CreateTestDatabase & { readonly stop: () => Promise<void> } {
  const databases = pgliteTestDatabases();
  const copies = databases();
  /** What the copy was made of last, and after how many commits. */
  let copied: { readonly memory: MemoryDatabase; readonly commits: number } | null = null;
  const create = async (): Promise<TestDatabase> => {
    // Whose start takes seconds, which are no test's.
    await copies;
    let commits = 0;
    const onCommit = (): void => {
      commits += 1;
    };
    const memory = new MemoryDatabase({ nowMs: Date.now, onCommit });
    const onCopy: Queryable['query'] = async (sql, parameters) => {
      const { database: copy } = await copies;
      if (copied?.memory !== memory || copied.commits !== commits) await copyInto(copy, memory);
      copied = { memory, commits };
      const isReading = /^\s*(SELECT|WITH)\b/.test(sql);
      if (!isReading) copied = null;
      const rows = await copy.query(sql, parameters);
      if (!isReading) await copyBack(copy, memory);
      return rows as never;
    };
    const database: Database = {
      ...asQueryable(memory, onCopy),
      transaction: (work) => memory.transaction((tx) => work(asQueryable(tx, onCopy))),
      close: memory.close,
    };
    return { database, another: () => database, dispose: memory.close };
  };
  return Object.assign(create, { stop: databases.stop });
}

function asQueryable(memory: Queryable, onCopy: Queryable['query']): Queryable {
  return {
    query: (sql, parameters) => (STATEMENTS.has(sql) ? memory.query(sql, parameters) : onCopy(sql, parameters)),
    script: memory.script,
  };
}

/** Without triggers and references, which are about changes. */
async function copyInto(copy: Database, memory: MemoryDatabase): Promise<void> {
  await copy.script('SET session_replication_role = replica');
  for (const [name, table] of tablesOf(memory)) {
    await copy.query(`DELETE FROM ${name}`);
    const rows = [...table.rows()].map((row) => table.copyOf(row));
    if (rows.length === 0) continue;
    const columns = Object.keys(rows[0]!).join(', ');
    await copy.query(
      `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE
        SELECT ${columns} FROM json_populate_recordset(null::${name}, $1::json)`,
      [JSON.stringify(rows, asJson)],
    );
  }
  await copy.script('SET session_replication_role = origin');
}

function asJson(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value !== null && typeof value === 'object' && 'type' in value && value.type === 'Buffer' && 'data' in value) {
    return `\\x${Buffer.from(value.data as number[]).toString('hex')}`;
  }
  return value;
}

/** What a statement has changed there. */
async function copyBack(copy: Database, memory: MemoryDatabase): Promise<void> {
  for (const [name, table] of tablesOf(memory)) {
    const rows = await copy.query(`SELECT * FROM ${name}`);
    await memory.transaction(async () => {
      for (const row of [...table.rows()]) table.delete(row);
      for (const row of rows) table.put(row);
    });
  }
}

function tablesOf({ tables }: MemoryDatabase): readonly (readonly [string, MemoryTable])[] {
  return Object.entries(tables) as unknown as [string, MemoryTable][];
}
