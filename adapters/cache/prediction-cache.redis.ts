/**
 * PredictionCache in Redis, for all processes. Commands are never queued while Redis is away and never sent twice: what
 * cannot be asked now is a miss. The eviction policy of that Redis should be `allkeys-lru` or the like.
 *
 * Invalidations are stored, so they bind who was not listening, and published, so that everybody's first tier knows
 * at once. A process may have missed some whenever it was not subscribed, before the first time too: after every
 * subscription its listeners are told to drop everything.
 */
import { randomUUID } from 'node:crypto';
import type { Redis, Result } from 'ioredis';
import { TAG_ALL } from '../../engine/estimation/cache/invalidations.ts';
import {
  type PredictionCache,
  PredictionCacheError,
  type PredictionToStore,
  type SharedPrediction,
} from '../../engine/ports/prediction-cache.ts';
import { createRedisClient } from '../redis-client.ts';
import { FETCH, INVALIDATE, STORE, UNLOCK } from './redis-scripts.ts';

export interface RedisPredictionCacheOptions {
  /** `redis://` or `rediss://`, with credentials if there are any. */
  readonly url: string;
  /** Before all keys and channels, to share a Redis with others: `gavel:`. */
  readonly keyPrefix: string;
  /** A command that takes longer has failed, ms. */
  readonly commandTimeoutMs: number;
  /** No prediction is kept for longer, ms. */
  readonly keptMsMax: number;
  /** Connection lost, refused, and the like; commands meanwhile reject by themselves. */
  readonly onError: (error: Error) => void;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    fetchPredictions(...keysAndArguments: (string | number)[]): Result<(string | null)[], Context>;
    storePredictions(...keysAndArguments: (string | number)[]): Result<null, Context>;
    unlockPrediction(lock: string, holder: string): Result<null, Context>;
    invalidatePredictions(key: string, keptMs: number, channel: string, tag: string): Result<null, Context>;
  }
}

/** A subscriber sends nothing: whether the other end is still there is asked after so long a silence. */
const KEEP_ALIVE_MS = 10_000;

/** Resolves once connected; also when Redis cannot be reached, which is tried again and again from then on. */
export async function openRedisPredictionCache(options: RedisPredictionCacheOptions): Promise<PredictionCache> {
  const cache = new RedisPredictionCache(options);
  await cache.connect();
  return cache;
}

class RedisPredictionCache implements PredictionCache {
  readonly #options: RedisPredictionCacheOptions;
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  /** Names this process in locks. */
  readonly #holder = randomUUID();
  readonly #listeners: ((tag: number) => void)[] = [];
  #isClosed = false;

  constructor(options: RedisPredictionCacheOptions) {
    this.#options = options;
    this.#commands = createRedisClient(options.url, options.commandTimeoutMs);
    this.#commands.defineCommand('fetchPredictions', { lua: FETCH });
    this.#commands.defineCommand('storePredictions', { lua: STORE });
    this.#commands.defineCommand('unlockPrediction', { lua: UNLOCK, numberOfKeys: 1 });
    this.#commands.defineCommand('invalidatePredictions', { lua: INVALIDATE, numberOfKeys: 1 });
    // A subscription that was given up while Redis had it would be one that nobody knows of: it has all the time it takes.
    this.#subscriber = this.#commands.duplicate({ commandTimeout: undefined, keepAlive: KEEP_ALIVE_MS });
    for (const connection of [this.#commands, this.#subscriber]) connection.on('error', options.onError);
    this.#subscriber.on('ready', () => this.#subscribe());
    this.#subscriber.on('message', (_channel: string, tag: string) => this.#tell(Number(tag)));
  }

  async connect(): Promise<void> {
    // What goes wrong is an `error` event too, and is tried again.
    await Promise.allSettled([this.#commands.connect(), this.#subscriber.connect()]);
  }

  readonly fetch = async (keys: readonly number[]): Promise<readonly (SharedPrediction | null)[]> => {
    if (keys.length === 0) return [];
    const found = await this.#run(() =>
      this.#commands.fetchPredictions(keys.length, ...keys.map((key) => this.#entry(key)), this.#invalidation('')),
    );
    return found.map(readFound);
  };

  readonly store = async (predictions: readonly PredictionToStore[]): Promise<void> => {
    const keys: string[] = [];
    const values: (string | number)[] = [];
    for (const { key, value, ageMs, keptMs, campaignTag, userTag, deviceTag } of predictions) {
      const leftMs = Math.ceil(Math.min(keptMs, this.#options.keptMsMax) - ageMs);
      if (leftMs <= 0) continue;
      keys.push(this.#entry(key), this.#lockOf(key));
      values.push(value, Math.round(ageMs * 1000), leftMs, campaignTag, userTag, deviceTag);
    }
    if (keys.length > 0) await this.#run(() => this.#commands.storePredictions(keys.length, ...keys, ...values));
  };

  readonly lock = async (key: number, lockMs: number): Promise<boolean> =>
    (await this.#run(() =>
      this.#commands.set(this.#lockOf(key), this.#holder, 'PX', Math.max(1, Math.ceil(lockMs)), 'NX'),
    )) === 'OK';

  readonly unlock = async (key: number): Promise<void> => {
    await this.#run(() => this.#commands.unlockPrediction(this.#lockOf(key), this.#holder));
  };

  readonly invalidate = async (tag: number): Promise<void> => {
    const name = String(tag);
    await this.#run(() =>
      this.#commands.invalidatePredictions(
        this.#invalidation(name),
        Math.ceil(this.#options.keptMsMax),
        this.#channel(),
        name,
      ),
    );
  };

  readonly onInvalidated = (listener: (tag: number) => void): void => {
    this.#listeners.push(listener);
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#commands.disconnect();
    this.#subscriber.disconnect();
  };

  #subscribe(): void {
    this.#subscriber.subscribe(this.#channel()).then(
      () => this.#tell(TAG_ALL),
      // The connection was lost again; the next `ready` subscribes anew.
      (error: Error) => {
        if (!this.#isClosed) this.#options.onError(error);
      },
    );
  }

  #tell(tag: number): void {
    for (const listener of this.#listeners) listener(tag);
  }

  async #run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new PredictionCacheError('closed', 'the cache is closed');
    try {
      return await command();
    } catch (error) {
      throw new PredictionCacheError('unavailable', (error as Error).message, { cause: error });
    }
  }

  #entry(key: number): string {
    return `${this.#options.keyPrefix}prediction:${key.toString(36)}`;
  }

  #lockOf(key: number): string {
    return `${this.#entry(key)}:lock`;
  }

  #invalidation(tag: string): string {
    return `${this.#options.keyPrefix}invalidated:${tag}`;
  }

  #channel(): string {
    return `${this.#options.keyPrefix}invalidations`;
  }
}

/** Others may write to that Redis, and what comes from it ranks bids: null for what no model can have said. */
function readFound(text: string | null): SharedPrediction | null {
  if (text === null) return null;
  const [valueText, ageMicroseconds] = text.split(' ');
  const value = Number(valueText);
  const ageMs = Number(ageMicroseconds) / 1000;
  const isSound = value > 0 && value < 1 && ageMs >= 0 && Number.isFinite(ageMs);
  return isSound ? { value, ageMs } : null;
}
