/**
 * The SQL that the ledger needs, thin: twins are PostgreSQL (`database.postgres.ts`) and, without any service, PGlite in
 * the data folder (`database.pglite.ts`). The same statements run on both. `bigint` columns are read as `bigint`, arrays
 * of `text`, `bigint` and `boolean` are passed and read as arrays, JSON is passed as text.
 */
import { BudgetLedgerError } from '../../engine/ports/budget-ledger.ts';

export type Row = Record<string, unknown>;

export interface Queryable {
  readonly query: <Result extends Row>(sql: string, parameters?: readonly unknown[]) => Promise<readonly Result[]>;
  /** Several statements without parameters. */
  readonly script: (sql: string) => Promise<void>;
}

/** Rejects with a `BudgetLedgerError` when the database cannot be reached or is late; what it refuses is its own error. */
export interface Database extends Queryable {
  /**
   * All or nothing, read committed, durable before it resolves. `work` is run again, a few times, when the database ended
   * it for a conflict with another transaction (serialization failure, deadlock, two inserts of one key), so it must have
   * no effects but its statements.
   */
  readonly transaction: <Result>(work: (tx: Queryable) => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
}

/** How often a transaction is tried: ten writers of one key get through one after the other. */
const TRIES_MAX = 12;
const RETRY_DELAY_MS = 4;

/** serialization_failure, deadlock_detected, unique_violation: another transaction was first, a second look tells. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['40001', '40P01', '23505']);

/** Something moved between two looks at it: the transaction is run again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly code = '40001';
}

/** Delays grow and are scattered, so that those who met do not meet again. */
export async function retryConflicts<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!CONFLICTS.has(sqlState(error))) throw error;
      if (tries === TRIES_MAX) throw new BudgetLedgerError('late', 'others were always first', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_DELAY_MS * 2 ** Math.min(tries, 6)));
    }
  }
}

/** The five characters of PostgreSQL's error codes (appendix A of its manual), or what Node calls a broken connection. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
