/** Places that results go to: looked at before the work that makes them. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { blaming, UsageError } from './usage-error.ts';

/** Throws a UsageError when no file can be written there. `option` as in `blaming`. */
export function checkOutputFile(option: string, path: string): void {
  const folder = dirname(path);
  if (!isFolder(option, folder)) throw new UsageError(`${option}: ${path}: there is no folder ${folder} to write to`);
  if (isFolder(option, path)) throw new UsageError(`${option}: ${path}: is a folder, and a file is to be written`);
}

/**
 * Makes a folder and those above it. Throws a UsageError. From the top down: `mkdirSync` with `recursive` never ends on a
 * file system that denies with ENOENT, as /proc does.
 */
export function makeFolder(option: string, path: string): void {
  blaming(option, path, () => makeMissing(path));
}

function makeMissing(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return;
  if (status === undefined && dirname(path) !== path) makeMissing(dirname(path));
  mkdirSync(path);
}

function isFolder(option: string, path: string): boolean {
  return blaming(option, path, () => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}
