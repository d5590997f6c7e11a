/** Services that tests run against: at an address from the environment, else started here, else not to be had. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Service {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Whether a Redis of our own can be started, at a port that a test names. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** Of a Redis: `REDIS_URL`, else a `redis-server` of our own with an empty memory. Null when there is neither. */
export async function startRedis(port?: number): Promise<Service | null> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL !== undefined && port === undefined) return { url: REDIS_URL, stop: async () => {} };
  const chosenPort = port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const options = ['--port', String(chosenPort), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'] });
  if (!(await says(server, 'Ready to accept connections'))) {
    await rm(folder, { recursive: true });
    return null;
  }
  return {
    url: `redis://127.0.0.1:${chosenPort}`,
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        server.kill('SIGKILL');
        await exited;
      }
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Of a PostgreSQL: `DATABASE_URL`, else one of our own with an empty data folder. Null when there is neither. Tests make
 * a schema each.
 */
export async function startPostgres(): Promise<Service | null> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL !== undefined) return { url: DATABASE_URL, stop: async () => {} };
  const binaries = postgresBinaries();
  const user = userOfPostgres();
  if (binaries === null || user === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  if (user !== OURSELVES) await chown(folder, user.uid!, user.gid!);
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const data = join(folder, 'data');
  const initialised = spawnSync(
    join(binaries, 'initdb'),
    ['--pgdata', data, '--username', 'gavel', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync'],
    { ...user, stdio: 'ignore' },
  );
  if (initialised.status !== 0) {
    await removeFolder();
    return null;
  }
  const port = await freePort();
  // Nobody pulls the plug: waiting for the disk at each commit would only be slow.
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'];
  const server = spawn(join(binaries, 'postgres'), options, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  if (!(await says(server, 'ready to accept connections', server.stderr))) {
    await removeFolder();
    return null;
  }
  return {
    url: `postgres://gavel@127.0.0.1:${port}/postgres`,
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const exited = once(server, 'exit');
        server.kill('SIGQUIT');
        await exited;
      }
      await removeFolder();
    },
  };
}

const OURSELVES = {};

/** The newest that the system's packages installed. */
function postgresBinaries(): string | null {
  const root = '/usr/lib/postgresql';
  try {
    const newest = Math.max(...readdirSync(root).map(Number).filter(Number.isInteger));
    return newest > 0 ? join(root, String(newest), 'bin') : null;
  } catch {
    return null;
  }
}

/** PostgreSQL does not run as root: there, as the user that its package made. Null when there is none. */
function userOfPostgres(): { readonly uid?: number; readonly gid?: number } | null {
  if (process.getuid?.() !== 0) return OURSELVES;
  const idOf = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || NaN);
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : null;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** False when the process ends before, or never began. */
function says(child: ChildProcess, words: string, output = child.stdout): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    output!.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes(words)) resolve(true);
    });
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
  });
}
