/**
 * The books' database in memory, for worlds that have no PostgreSQL: no SQL, but every statement that the books run, each as what
 * it does to tables (`memory/`), with the constraints of the SQL. One transaction at a time, none waits for anything but itself, and
 * nothing outlives the process. Nothing but the books' own statements runs on it: no deletions, reports over journals or migrations.
 */
import { BudgetLedgerError } from '../../engine/ports/budget-ledger.ts';
import type { Database, Queryable, Row } from './database.ts';
import { RefusedRowError, type RowChange, type UndoableChange } from './memory/memory-table.ts';
import type { Moment } from './memory/statement.ts';
import { STATEMENTS } from './memory/statements.ts';
import { makeTables, type Tables } from './memory/tables.ts';

export interface MemoryDatabaseOptions {
  /** The database's clock, epoch ms. */
  readonly nowMs: () => number;
  /** Behind each transaction that stands, what it has changed, in order. */
  readonly onCommit?: (changes: readonly RowChange[]) => void;
}

export class MemoryDatabase implements Database {
  /** To be read; what is read in the midst of a transaction may be undone. */
  readonly tables: Tables;
  readonly #options: MemoryDatabaseOptions;
  /** Of the transaction under way. */
  readonly #changes: UndoableChange[] = [];
  readonly #inside: Queryable;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: MemoryDatabaseOptions) {
    this.#options = options;
    this.tables = makeTables(this.#changes);
    this.#inside = { query: async (sql, parameters = []) => this.#run(sql, parameters), script };
  }

  readonly query: Database['query'] = (sql, parameters) => this.transaction((tx) => tx.query(sql, parameters));

  readonly script: Database['script'] = script;

  readonly transaction: Database['transaction'] = (work) => {
    const transaction = this.#last.then(() => this.#transact(work));
    this.#last = transaction.catch(() => {});
    return transaction;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
  };

  async #transact<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new BudgetLedgerError('closed', 'the ledger is closed');
    try {
      const result = await work(this.#inside);
      if (this.#changes.length > 0) this.#options.onCommit?.([...this.#changes]);
      return result;
    } catch (error) {
      for (const { undo } of this.#changes.reverse()) undo();
      throw error;
    } finally {
      this.#changes.length = 0;
    }
  }

  #run<Result extends Row>(sql: string, parameters: readonly unknown[]): readonly Result[] {
    const statement = STATEMENTS.get(sql);
    if (statement === undefined) throw new Error(`the books in memory know no such statement: ${sql}`);
    if (parameters.some(isUnstorable)) throw new RefusedRowError('22021', 'no text may hold a NUL');
    const moment: Moment = { tables: this.tables, nowMs: this.#options.nowMs() };
    return statement(moment, ...parameters) as readonly Result[];
  }
}

function isUnstorable(parameter: unknown): boolean {
  if (typeof parameter === 'string') return parameter.includes('\u0000');
  return Array.isArray(parameter) && parameter.some(isUnstorable);
}

async function script(): Promise<void> {
  throw new Error('the books in memory run no scripts');
}
