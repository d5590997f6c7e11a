/** Services that tests run against: at an address from the environment, else started here, else not to be had. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startServer } from '../../scripts/local-services/server-process.mjs';
import { SERVERS, type ServerName } from '../../scripts/local-services/servers.mjs';

export interface Service {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** One of the test's own, with data that outlives its process. */
export interface KillableService extends Service {
  /** At once, by SIGKILL. */
  readonly kill: () => Promise<void>;
  /** At the same address with the same data. */
  readonly restart: () => Promise<void>;
  /** To its process: `SIGSTOP` and `SIGCONT`. */
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Whether a Redis of our own can be started, at a port that a test names. */
export const hasRedisServer = SERVERS.redis.missing() === null;

/** Of a Redis: `REDIS_URL`, else a `redis-server` of our own with an empty memory. Null when there is neither. */
export function startRedis(port?: number): Promise<Service | null> {
  return port === undefined ? givenOrOwn('redis') : startOwn('redis', [port]);
}

/**
 * Of a PostgreSQL: `DATABASE_URL`, else one of our own with an empty data folder. Null when there is neither. Tests make
 * a schema each.
 */
export function startPostgres(): Promise<Service | null> {
  return givenOrOwn('postgres');
}

/** Of a Kafka: `KAFKA_BROKERS`, else one of our own without topics. Null when there is neither. Tests make a topic each. */
export function startKafka(): Promise<Service | null> {
  return givenOrOwn('kafka');
}

/** A Kafka of our own, without topics. Null when there can be none. `advertisedPort`: where it tells its clients to come to. */
export async function startOwnKafka(advertisedPort?: number): Promise<KillableService | null> {
  if (advertisedPort === undefined) return startOwn('kafka');
  return startOwn('kafka', [...(await freePorts(SERVERS.kafka.portCount)), advertisedPort]);
}

/** A PostgreSQL of our own, with an empty database. Null when there can be none. */
export function startOwnPostgres(): Promise<KillableService | null> {
  return startOwn('postgres');
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

async function givenOrOwn(name: ServerName): Promise<Service | null> {
  const given = process.env[SERVERS[name].variable];
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} };
  return startOwn(name);
}

/** Null when it cannot be run here; one that is there and does not start is a fault, and rejects. */
async function startOwn(name: ServerName, givenPorts?: readonly number[]): Promise<KillableService | null> {
  const server = SERVERS[name];
  if (server.missing() !== null) return null;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  await chmod(folder, 0o755);
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    const ports = givenPorts ?? (await freePorts(server.portCount));
    await server.prepare(folder, ports);
    const recipe = await server.recipe(folder, ports);
    const start = () => startServer(recipe, folder);
    let child = await start();
    return {
      url: recipe.url,
      kill: () => kill(child),
      restart: async () => {
        child = await startAgain(start);
      },
      signal: (signal) => void child.kill(signal),
      stop: async () => {
        await kill(child);
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    if ((error as NodeJS.ErrnoException).code !== 'unavailable') throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return null;
  }
}

/** What a killed server has left may be in the way of its successor for a moment: processes of its own that have not noticed yet. */
async function startAgain(start: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let triesLeft = STARTS_MAX - 1; ; triesLeft--) {
    try {
      return await start();
    } catch (error) {
      if (triesLeft === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, START_AGAIN_MS));
    }
  }
}

const STARTS_MAX = 20;
const START_AGAIN_MS = 250;

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
