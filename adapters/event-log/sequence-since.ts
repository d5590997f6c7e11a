/** Where to begin in a log for all that was stored since a moment. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { firstSequenceOf } from './segment-format.ts';

/**
 * First sequence of the oldest segment that was written to since then (epoch ms of the file system), else of the last one; null: there
 * is no segment.
 */
export async function sequenceSince(folder: string, sinceMs: number): Promise<number | null> {
  const names = (await readdir(folder)).filter((name) => firstSequenceOf(name) !== null).sort();
  for (const name of names) {
    const modifiedMs = await modifiedAtMs(join(folder, name));
    if (modifiedMs !== null && modifiedMs >= sinceMs) return firstSequenceOf(name);
  }
  return names.length === 0 ? null : firstSequenceOf(names.at(-1)!);
}

/** Null: removed meanwhile. */
async function modifiedAtMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
