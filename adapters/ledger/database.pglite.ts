/**
 * PGlite: PostgreSQL within this process, its files in the data folder. One process per folder. A killed process loses
 * nothing that was answered; a machine that loses power may (PGlite does not wait for the disk), so money that matters
 * belongs in a PostgreSQL.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
 * PGlite works on this thread and answers in the same turn of the event loop, so whoever has many calls waiting for it
 * would let nothing else happen, requests of clients first of all. So it pauses for a turn whenever it has run for so long.
 */
const RUN_MS_MAX = 4;

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
  const turns = new Turns();
  return {
    query: async (sql, parameters) => queryable(open(), turns).query(sql, parameters),
    script: async (sql) => queryable(open(), turns).script(sql),
    transaction: (work) => retryConflicts(async () => open().transaction((tx) => work(queryable(tx, turns)))),
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

function queryable(runner: Runner, turns: Turns): Queryable {
  return {
    query: <Result extends Row>(sql: string, parameters: readonly unknown[] = []) =>
      turns.run(async () => (await runner.query(sql, [...parameters])).rows as Result[]),
    script: (sql) =>
      turns.run(async () => {
        await runner.exec(sql);
      }),
  };
}

class Turns {
  #ranMs = 0;

  async run<Result>(statement: () => Promise<Result>): Promise<Result> {
    if (this.#ranMs > RUN_MS_MAX) {
      await nextTurn();
      this.#ranMs = 0;
    }
    const startedAtMs = performance.now();
    try {
      return await statement();
    } finally {
      this.#ranMs += performance.now() - startedAtMs;
    }
  }
}
