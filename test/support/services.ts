/** Services that tests run against: at an address from the environment, else started here, else not to be had. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** False when the process ends before, or never began. */
function says(child: ChildProcess, words: string): Promise<boolean> {
  return new Promise((resolve) => {
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes(words)) resolve(true);
    });
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
  });
}
