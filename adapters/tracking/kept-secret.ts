/**
 * A secret that is not configured: made when it is first wanted, and kept in the data folder, readable by its owner alone. All
 * processes of a data folder have the same one, also when they start at the same time.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeLogFiles } from '../event-log/log-files.ts';

const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** The message names the file. */
export class KeptSecretError extends Error {
  override readonly name = 'KeptSecretError';
}

/** Rejects with a KeptSecretError when the folder cannot be written to, or the file holds something else. */
export async function keptSecret(path: string): Promise<string> {
  const kept = await readOrCreate(path);
  if (SECRET.test(kept)) return kept;
  throw new KeptSecretError(`${path} does not hold a secret of ours; remove it, or put it right`);
}

async function readOrCreate(path: string): Promise<string> {
  try {
    return (await read(path)) ?? (await create(path));
  } catch (error) {
    throw new KeptSecretError(`a secret cannot be kept in ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written whole under another name, then linked: whoever comes second finds that of the first. */
async function create(path: string): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    // What is signed with it must be good behind a power loss: the names count as well as what is in the file.
    await nodeLogFiles.syncFolder(folder);
    await nodeLogFiles.syncFolder(dirname(folder));
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await read(path))!;
  } finally {
    await unlink(draft);
  }
}
