/**
 * FrequencyStore in Redis, for all processes. Commands are never queued while Redis is away and never sent twice: what
 * cannot be asked now is for the policy of caps to decide. Users expire with what counts of them; that Redis should
 * have the eviction policy `noeviction`, or memory that does not run out: what it evicts, caps forget.
 */
import type { Redis, Result } from 'ioredis';
import {
  type CapScope,
  type FrequencyStore,
  FrequencyStoreError,
  type ImpressionToTake,
  MOMENTS_MAX,
  SCOPES_MAX,
  type ScopeHistory,
  type TakeResult,
  type UserKey,
} from '../../engine/ports/frequency-store.ts';
import { createRedisClient } from '../redis-client.ts';
import { FETCH_HISTORY, GIVE_BACK_IMPRESSION, TAKE_IMPRESSION } from './redis-scripts.ts';

export interface RedisFrequencyStoreOptions {
  /** `redis://` or `rediss://`, with credentials if there are any. */
  readonly url: string;
  /** Before all keys, to share a Redis with others: `gavel:`. */
  readonly keyPrefix: string;
  /** A command that takes longer has failed, ms. A winner with caps waits no longer. */
  readonly commandTimeoutMs: number;
  /** Connection lost, refused, and the like; commands meanwhile reject by themselves. */
  readonly onError: (error: Error) => void;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    fetchFrequencyHistory(user: string): Result<string[], Context>;
    takeFrequencyImpression(user: string, ...values: (string | number)[]): Result<string[], Context>;
    giveBackFrequencyImpression(user: string, ...values: string[]): Result<null, Context>;
  }
}

const ALL_REMEMBERED = -1;
/** Keys looked at in one step, which holds nobody else up. */
const SCANNED = 1000;

/** Resolves once connected; also when Redis cannot be reached, which is tried again and again from then on. */
export async function openRedisFrequencyStore(options: RedisFrequencyStoreOptions): Promise<FrequencyStore> {
  const store = new RedisFrequencyStore(options);
  await store.connect();
  return store;
}

class RedisFrequencyStore implements FrequencyStore {
  readonly #options: RedisFrequencyStoreOptions;
  readonly #redis: Redis;
  #isClosed = false;

  constructor(options: RedisFrequencyStoreOptions) {
    this.#options = options;
    this.#redis = createRedisClient(options.url, options.commandTimeoutMs);
    this.#redis.defineCommand('fetchFrequencyHistory', { lua: FETCH_HISTORY, numberOfKeys: 1 });
    this.#redis.defineCommand('takeFrequencyImpression', { lua: TAKE_IMPRESSION, numberOfKeys: 1 });
    this.#redis.defineCommand('giveBackFrequencyImpression', { lua: GIVE_BACK_IMPRESSION, numberOfKeys: 1 });
    this.#redis.on('error', options.onError);
  }

  async connect(): Promise<void> {
    // What goes wrong is an `error` event too, and is tried again.
    await Promise.allSettled([this.#redis.connect()]);
  }

  readonly fetch = async (user: UserKey): Promise<ReadonlyMap<CapScope, ScopeHistory>> => {
    const [now, ...fields] = await this.#run(() => this.#redis.fetchFrequencyHistory(this.#keyOf(user)));
    const histories = new Map<CapScope, ScopeHistory>();
    for (let i = 0; i < fields.length; i += 2) {
      const history = readHistory(JSON.parse(fields[i + 1]!), Number(now));
      if (history !== null) histories.set(fields[i]!, history);
    }
    return histories;
  };

  readonly take = async (user: UserKey, { requestId, counted, rules }: ImpressionToTake): Promise<TakeResult> => {
    const values: (string | number)[] = [requestId, SCOPES_MAX, MOMENTS_MAX, counted.length];
    for (const { scope, momentsKeptMs, countKeptMs } of counted) values.push(scope, momentsKeptMs, countKeptMs);
    for (const { scope, count, windowMs } of rules) values.push(scope, count, windowMs ?? ALL_REMEMBERED);
    const [kind, scope] = await this.#run(() => this.#redis.takeFrequencyImpression(this.#keyOf(user), ...values));
    if (kind === 'capped') return { kind, scope: scope! };
    return { kind: kind as 'taken' | 'full' };
  };

  readonly giveBack = async (user: UserKey, requestId: string, scopes: readonly CapScope[]): Promise<void> => {
    await this.#run(() => this.#redis.giveBackFrequencyImpression(this.#keyOf(user), requestId, ...scopes));
  };

  readonly forget = async (user: UserKey): Promise<void> => {
    await this.#run(() => this.#redis.del(this.#keyOf(user)));
  };

  readonly holds = async (user: UserKey): Promise<boolean> => {
    let cursor = '0';
    do {
      const [next, keys] = await this.#run(() =>
        this.#redis.scan(cursor, 'MATCH', `*${escaped(user)}*`, 'COUNT', SCANNED),
      );
      if (keys.length > 0) return true;
      cursor = next;
    } while (cursor !== '0');
    return false;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#redis.disconnect();
  };

  async #run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new FrequencyStoreError('closed', 'the store is closed');
    try {
      return await command();
    } catch (error) {
      throw new FrequencyStoreError('unavailable', (error as Error).message, { cause: error });
    }
  }

  #keyOf(user: UserKey): string {
    return `${this.#options.keyPrefix}frequency:{${user}}`;
  }
}

interface StoredScope {
  readonly n: number;
  readonly l: number;
  readonly k: number;
  readonly r: number;
  /** An empty list is `{}`: Lua has one kind of table. */
  readonly m: readonly number[] | object;
}

function readHistory({ n, l, k, r, m }: StoredScope, now: number): ScopeHistory | null {
  if (now - l >= r) return null;
  const moments = Array.isArray(m) ? (m as number[]) : [];
  return { count: n, agesMs: moments.map((at) => now - at).filter((ageMs) => ageMs < k) };
}

/** For a pattern of Redis. */
function escaped(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
