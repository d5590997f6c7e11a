/**
 * One writer per folder: a lock file that names its owner. A lock whose owner is dead is taken over.
 *
 * The owner is a process id and, where /proc tells, its start time and the boot: in a container every life of the
 * process has the same id, and after a reboot an id says nothing. The check works among processes that see each
 * other's ids; two containers must not share one data folder.
 */
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export class FolderLockedError extends Error {
  readonly code = 'locked';
  constructor(folder: string, owner: string) {
    super(
      `${folder} is in use by process ${owner.split(' ')[0]}: stop it, or give this process a data folder of its own ` +
        `(if that process is not a Gavel, remove ${join(folder, LOCK_NAME)})`,
    );
    this.name = 'FolderLockedError';
  }
}

const LOCK_NAME = 'lock';
/** Locks of this process. Our name in any other lock file is left over from a release that the disk refused. */
const heldPaths = new Set<string>();

/** Resolves to the function that releases the lock; rejects with `FolderLockedError` while another owner lives. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_NAME);
  const self = await describeProcess(process.pid);
  if (!(await tryCreate(path, self))) {
    await removeStaleLock(folder, path);
    if (!(await tryCreate(path, self))) throw new FolderLockedError(folder, await readOwner(path));
  }
  heldPaths.add(path);
  return () => release(path, self);
}

async function tryCreate(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Renaming is atomic: of two processes that find the same dead owner, one gets the file, the other notices. */
async function removeStaleLock(folder: string, path: string): Promise<void> {
  const owner = await readOwner(path);
  const isOurs = owner === (await describeProcess(process.pid));
  if (isOurs ? heldPaths.has(path) : await isAlive(owner)) throw new FolderLockedError(folder, owner);
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const taken = await readOwner(aside);
  // Someone was quicker and this is the new owner's lock: put it back (link never overwrites).
  if (taken !== owner) await link(aside, path);
  await unlink(aside);
  if (taken !== owner) throw new FolderLockedError(folder, taken);
}

async function readOwner(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

async function isAlive(owner: string): Promise<boolean> {
  const pid = Number.parseInt(owner, 10);
  // An empty or torn lock file: its writer died between creating and writing it.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
  const running = await describeProcess(pid);
  return running !== GONE && (!running.includes(' ') || running === owner);
}

/** Of a process that has ended, and whose parent has not asked how yet: in a container without an init it may stay so. */
const GONE = 'gone';
const ENDED_STATES = new Set(['Z', 'X']);

/** `pid bootId startTicks`; only `pid` where /proc does not tell; `GONE`. */
async function describeProcess(pid: number): Promise<string> {
  try {
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets; field 3 (state) and 22 (start time) are counted from after the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ENDED_STATES.has(fields[0]!) ? GONE : `${pid} ${bootId.trim()} ${fields[19]}`;
  } catch {
    return String(pid);
  }
}

async function release(path: string, self: string): Promise<void> {
  heldPaths.delete(path);
  if ((await readOwner(path)) === self) await unlink(path);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
