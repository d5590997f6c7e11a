/** The caller got something wrong: one line on stderr, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What a start can fail with that the caller can mend; anything else stays what it is. */
export function startupError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new UsageError(`${message}; choose another --port (0 picks a free one)`);
  }
  const { name } = error as Error;
  if (name === 'ConfigError') return new UsageError(message);
  if (name === 'BudgetLedgerError') return new UsageError(`${message}; see campaigns.databaseUrl`);
  if (name === 'FolderLockedError' || name === 'EventLogError')
    return new UsageError(`${message}; choose another --data folder`);
  return error;
}
