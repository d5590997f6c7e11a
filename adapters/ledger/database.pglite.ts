/**
 * PGlite: PostgreSQL within this process, its files in the data folder. One process per folder. A killed process loses
 * nothing that was answered; a machine that loses power may (PGlite does not wait for the disk), so money that matters
 * belongs in a PostgreSQL.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import { BudgetLedgerError } from '../../engine/ports/budget-ledger.ts';
import { lockFolder } from '../event-log/folder-lock.ts';
import { type Database, type Queryable, type Row, retryConflicts } from './database.ts';

/** What of PGlite and of its transactions is used. */
interface Runner {
  readonly query: (sql: string, parameters?: unknown[]) => Promise<{ readonly rows: unknown[] }>;
  readonly exec: (sql: string) => Promise<unknown>;
}

/**
 * `folder` null: in memory. Rejects with a `FolderLockedError` while another process has the folder.
 */
export async function openPgliteDatabase(folder: string | null): Promise<Database> {
  const unlock = folder === null ? async () => {} : await lock(folder);
  let pglite: PGlite;
  try {
    pglite = await PGlite.create({
      ...(folder === null ? {} : { dataDir: join(folder, 'files') }),
      parsers: { [types.INT8]: BigInt },
    });
  } catch (error) {
    await unlock();
    throw error;
  }
  let closing: Promise<void> | null = null;
  const open = (): PGlite => {
    if (closing !== null) throw new BudgetLedgerError('closed', 'the ledger is closed');
    return pglite;
  };
  return {
    query: async (sql, parameters) => queryable(open()).query(sql, parameters),
    script: async (sql) => queryable(open()).script(sql),
    transaction: (work) => retryConflicts(async () => open().transaction((tx) => work(queryable(tx)))),
    close: () => {
      closing ??= pglite.close().finally(unlock);
      return closing;
    },
  };
}

/** The lock stands beside PGlite's files: its folder must be empty when it is made. */
async function lock(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  return lockFolder(folder);
}

function queryable(runner: Runner): Queryable {
  return {
    query: async <Result extends Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await runner.query(sql, [...parameters])).rows as Result[],
    script: async (sql) => {
      await runner.exec(sql);
    },
  };
}
