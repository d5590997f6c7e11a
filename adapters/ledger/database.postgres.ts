/** PostgreSQL 14 or later, shared by all engines. */
import pg from 'pg';
import { BudgetLedgerError } from '../../engine/ports/budget-ledger.ts';
import { type Database, type Queryable, type Row, retryConflicts, sqlState } from './database.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, and what else libpq's URLs may say. */
  readonly url: string;
  /** Connections of this process. Calls beyond wait for one, `connectTimeoutMs` at most. */
  readonly connectionsMax: number;
  /** A statement that takes longer is ended by the server; the wait for a lock counts. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A connection that nobody used just then broke; the next call opens another. */
  readonly onError: (error: Error) => void;
}

/** The network may fail without a word: so much longer than the server's own limit is waited for an answer. */
const ANSWER_GRACE_MS = 2000;
/** A process that stopped in the middle of a transaction holds locks for so long: shorter than others' leases live. */
const IDLE_IN_TRANSACTION_MS = 3000;

const INT8_OID = 20;
const types = new pg.TypeOverrides();
types.setTypeParser(INT8_OID, BigInt);

/** Connects on first use. */
export function openPostgresDatabase(options: PostgresOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'gavel',
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + ANSWER_GRACE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types,
  });
  pool.on('error', options.onError);
  let closing: Promise<void> | null = null;
  const withConnection = async <Result>(use: (connection: Connection) => Promise<Result>): Promise<Result> => {
    if (closing !== null) throw new BudgetLedgerError('closed', 'the ledger is closed');
    const connection = await connect(pool);
    try {
      return await use(connection);
    } finally {
      connection.release();
    }
  };
  return {
    query: (sql, parameters) => withConnection((connection) => connection.query(sql, parameters)),
    script: (sql) => withConnection((connection) => connection.script(sql)),
    transaction: (work) => retryConflicts(() => withConnection((connection) => inTransaction(connection, work))),
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
}

interface Connection extends Queryable {
  readonly isBroken: () => boolean;
  readonly release: () => void;
}

async function connect(pool: pg.Pool): Promise<Connection> {
  const client = await pool.connect().catch((error: unknown) => {
    throw new BudgetLedgerError('unavailable', wordsOf(error), { cause: error });
  });
  let broken = false;
  // A connection that breaks between two statements says why now; the next statement only fails.
  let lost: Error | null = null;
  const onError = (error: Error): void => {
    broken = true;
    lost ??= error;
  };
  client.on('error', onError);
  const run = async <Result extends Row>(sql: string, parameters?: unknown[]): Promise<Result[]> => {
    try {
      return (await client.query<Result>(sql, parameters)).rows;
    } catch (error) {
      broken ||= !isOfStatement(error);
      throw inLedgerWords(lost ?? error);
    }
  };
  return {
    query: (sql, parameters = []) => run(sql, [...parameters]),
    script: async (sql) => {
      await run(sql);
    },
    isBroken: () => broken,
    release: () => {
      client.off('error', onError);
      client.release(broken);
    },
  };
}

async function inTransaction<Result>(
  connection: Connection,
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  await connection.script('BEGIN ISOLATION LEVEL READ COMMITTED');
  let result: Result;
  try {
    result = await work(connection);
  } catch (error) {
    // The server ends the transactions of connections that are gone.
    if (!connection.isBroken()) await connection.script('ROLLBACK');
    throw error;
  }
  await connection.script('COMMIT');
  return result;
}

/** The server ended the statement and the connection lives on: not one of the classes of lost and ended sessions. */
function isOfStatement(error: unknown): boolean {
  const state = sqlState(error);
  return error instanceof pg.DatabaseError && state !== undefined && !/^(57P|08|25P03)/.test(state);
}

/**
 * What the server refuses in a statement: its data, a constraint, a limit (an index row), a trigger's word. In all other classes
 * the server is in no state to judge it: full disks, too many connections, a standby that takes no writes, a table or a right
 * that is missing (42), which no value in a statement can bring about.
 */
const REFUSALS = /^(22|23|40|54|P0)/;

/** query_canceled is the statement timeout. The server's word on a statement is passed on as it is. */
function inLedgerWords(error: unknown): unknown {
  if (sqlState(error) === '57014') return new BudgetLedgerError('late', wordsOf(error), { cause: error });
  if (isOfStatement(error) && REFUSALS.test(sqlState(error)!)) return error;
  const code = /timeout/i.test(wordsOf(error)) ? 'late' : 'unavailable';
  return new BudgetLedgerError(code, wordsOf(error), { cause: error });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
