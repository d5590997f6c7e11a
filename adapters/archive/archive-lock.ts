/**
 * One at a time changes what lies in an archive: who merges the files of an hour while another rewrites one of them would bring
 * back what that took away. Adding files needs no lock.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FolderLockedError, lockFolder } from '../event-log/folder-lock.ts';

const RETRY_MS = 100;

/**
 * Waits until it is this caller's turn, `waitMs` at most; then it rejects with a FolderLockedError. Among processes of one machine
 * (`folder-lock.ts`).
 */
export async function withArchiveLock<Result>(
  archive: string,
  waitMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const release = await acquire(join(archive, 'changing'), waitMs);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(folder: string, waitMs: number): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      return await lockFolder(folder);
    } catch (error) {
      if (!(error instanceof FolderLockedError) || waitedMs >= waitMs) throw error;
      await pause(RETRY_MS);
    }
  }
}
