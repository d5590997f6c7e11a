import { InputError } from '../adapters/training-data/input-file.ts';
import { ModelFormatError } from '../engine/estimation/models/model-format-error.ts';

/** The caller got something wrong: one line on stderr, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message.replace(/\s+/g, ' '));
    this.name = 'UsageError';
  }
}

/**
 * Uses a file or folder that the caller has named. What is wrong with it becomes a UsageError: `option` (`score: --rows`),
 * where, and what; a fault of ours stays what it is.
 */
export function blaming<Value>(option: string, path: string, use: () => Value): Value {
  try {
    return use();
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(`${option}: ${error.message}`);
    if (error instanceof ModelFormatError) throw new UsageError(`${option}: ${path}: ${error.message}`);
    const { syscall, code = '', path: place = path } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new UsageError(`${option}: ${place}: ${SYSTEM_PROBLEMS[code] ?? `${syscall} fails (${code})`}`);
  }
}

const SYSTEM_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'leads through a file, or is one where a folder is needed',
  EISDIR: 'is a folder',
  EEXIST: 'is there already, and is no folder',
  EACCES: 'may not be read or written by this user',
  EPERM: 'may not be read or written by this user',
  EROFS: 'lies where nothing can be written',
  ENOSPC: 'the disk is full',
  ELOOP: 'is a link that leads to itself',
  ENAMETOOLONG: 'has too long a name',
};

/** What is wrong is the folder, and another one would do. */
const FOLDER_ERRORS: ReadonlySet<string> = new Set([
  'FolderLockedError',
  'EventLogError',
  'KeptSecretError',
  'RetiredKeeperError',
]);

/** What a start can fail with that the caller can mend; anything else stays what it is. */
export function startupError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    return new UsageError(`${message}; choose another --port (0 picks a free one)`);
  }
  const { name } = error as Error;
  if (name === 'ConfigError') return new UsageError(message);
  if (name === 'BudgetLedgerError') return new UsageError(`${message}; see campaigns.databaseUrl`);
  if (FOLDER_ERRORS.has(name)) return new UsageError(`${message}; choose another --data folder`);
  return error;
}
