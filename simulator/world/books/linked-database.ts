/** The books' database, as a process reaches it over a network: a transaction is done at the other end whole, or not at all. */
import type { Database } from '../../../compose.ts';
import { BudgetLedgerError } from '../../../engine/ports/budget-ledger.ts';
import { type Link, LinkError } from '../link.ts';

/** Closing it closes nothing at the other end. */
export function linkedDatabase(database: Database, link: Link): Database {
  let isClosed = false;
  const call = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (isClosed) throw new BudgetLedgerError('closed', 'the ledger is closed');
    const outcome = await link.call(() => settled(work())).catch(asPortError);
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  };
  return {
    query: (sql, parameters) => call(() => database.query(sql, parameters)),
    script: (sql) => call(() => database.script(sql)),
    transaction: (work) => call(() => database.transaction(work)),
    close: async () => {
      isClosed = true;
    },
  };
}

type Outcome<Result> = { readonly result: Result } | { readonly error: unknown };

/** Nobody may be left to hear that it failed. */
function settled<Result>(work: Promise<Result>): Promise<Outcome<Result>> {
  return work.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

function asPortError(cause: unknown): never {
  if (!(cause instanceof LinkError)) throw cause;
  throw new BudgetLedgerError(cause.code === 'late' ? 'late' : 'unavailable', cause.message, { cause });
}
