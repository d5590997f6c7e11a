/** Files that a person names on the command line: read whole, and refused in words. */
import { readFileSync, statSync } from 'node:fs';

/** What lies there is not what is wanted. `message` names the file, and the line where that helps. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/**
 * All bytes of a regular file: a pipe could be waited for without end, and a device be read without end. Throws an
 * InputError, or what the system says (`ErrnoException`).
 */
export function readInput(path: string): Buffer {
  if (!statSync(path).isFile()) throw new InputError(`${path}: is not a regular file`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw hasCode(error, 'ERR_FS_FILE_TOO_LARGE') ? new InputError(`${path}: is too large to be read whole`) : error;
  }
}

/** The same as text. */
export function readInputText(path: string): string {
  return textOf(path, readInput(path));
}

/** Bytes that were read from, or unpacked out of, `path`. Throws an InputError for more than a text can hold. */
export function textOf(path: string, bytes: Buffer): string {
  try {
    return bytes.toString('utf8');
  } catch (error) {
    throw hasCode(error, 'ERR_STRING_TOO_LONG') ? new InputError(`${path}: is too large for one text`) : error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
