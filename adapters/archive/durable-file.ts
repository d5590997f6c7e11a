/** Files that are there whole or not at all, also behind a power cut. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a process that was killed may leave; nobody reads it, and whoever keeps the archive removes it. */
export const UNFINISHED = '.unfinished';

/**
 * `write` makes a file at the path that it is given; then that is in the place of `path`, which it replaces. Rejects with
 * whatever failed, and then `path` is as it was, or already new.
 */
export async function putFile(path: string, write: (draft: string) => Promise<void>): Promise<void> {
  await makeFolder(dirname(path));
  const draft = join(dirname(path), `${randomUUID()}${UNFINISHED}`);
  try {
    await write(draft);
    await syncToDevice(draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncToDevice(dirname(path));
}

/** Those above as well, each name durable. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncToDevice(dirname(made));
}

async function syncToDevice(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
