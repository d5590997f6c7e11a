/** A PostgreSQL and a Redis that a test may hurt: cut off, killed, emptied, set back to an older copy of itself. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort, type Service, startPostgres, startRedis } from '../services.ts';

const INT8_OID = 20;

export interface HurtPostgres {
  /** Of the database that the engines use. */
  readonly url: string;
  /** A connection that no fault of ours concerns; `bigint` comes as such. */
  readonly witness: pg.Client;
  /** Ends every other connection. */
  readonly dropConnections: () => Promise<void>;
  /** Lets nobody in, or everybody again. */
  readonly setOpen: (isOpen: boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Null: no PostgreSQL is to be had. */
export async function startHurtPostgres(): Promise<HurtPostgres | null> {
  const service = await startPostgres();
  if (service === null) return null;
  const name = `gavel_proof_${process.pid}_${Date.now()}`;
  const control = await connect(service.url);
  await control.query(`CREATE DATABASE ${name}`);
  const address = new URL(service.url);
  address.pathname = `/${name}`;
  const witness = await connect(address.href);
  const {
    rows: [self],
  } = await witness.query('SELECT pg_backend_pid() AS pid');
  return {
    url: address.href,
    witness,
    dropConnections: async () => {
      await control.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2', [
        name,
        self.pid,
      ]);
    },
    setOpen: async (isOpen) => {
      await control.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${isOpen}`);
    },
    stop: async () => {
      await witness.end();
      await control.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await control.end();
      await service.stop();
    },
  };
}

async function connect(url: string): Promise<pg.Client> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8_OID, BigInt);
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  return client;
}

export interface HurtRedis {
  readonly url: string;
  readonly kill: () => Promise<void>;
  /** With nothing in it. */
  readonly restart: () => Promise<void>;
  readonly flush: () => Promise<void>;
  /** What it holds now. The result makes it a Redis that holds just that, as after a failover to a slow replica. */
  readonly copy: () => Promise<() => Promise<void>>;
  readonly stop: () => Promise<void>;
}

/** A server of our own: `hasRedisServer`. */
export async function startHurtRedis(): Promise<HurtRedis> {
  const port = await freePort();
  let server = await startOn(port);
  const withConnection = async <Result>(use: (redis: Redis) => Promise<Result>): Promise<Result> => {
    const redis = new Redis(server.url);
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  };
  return {
    url: server.url,
    kill: () => server.stop(),
    restart: async () => {
      server = await startOn(port);
    },
    flush: () =>
      withConnection(async (redis) => {
        await redis.flushall();
      }),
    copy: () =>
      withConnection(async (redis) => {
        const keys = await redis.keys('*');
        const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
        return () => withConnection((later) => becomeCopy(later, keys, dumps));
      }),
    stop: () => server.stop(),
  };
}

async function startOn(port: number): Promise<Service> {
  const server = await startRedis(port);
  if (server === null) throw new Error(`no redis-server at port ${port}`);
  return server;
}

const COPY_KEPT_MS = 600_000;

async function becomeCopy(redis: Redis, keys: readonly string[], dumps: readonly (Buffer | null)[]): Promise<void> {
  const all = redis.multi().flushall();
  keys.forEach((key, index) => {
    const dump = dumps[index];
    if (dump) all.restore(key, COPY_KEPT_MS, dump);
  });
  await all.exec();
  // Everybody was connected to the master that is gone.
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
}
