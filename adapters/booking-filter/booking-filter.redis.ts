/** BookingFilter in Redis, for all processes that bill from one log. */
import { randomUUID } from 'node:crypto';
import type { Redis, Result } from 'ioredis';
import type { BookedPart, BookingFilter, BookingState } from '../../engine/ports/booking-filter.ts';
import { createRedisClient } from '../redis-client.ts';
import { rememberedId } from '../redis-id-memory.ts';
import { BEGIN, DONE } from './redis-scripts.ts';

export interface RedisBookingFilterOptions {
  /** `redis://` or `rediss://`, with credentials if there are any. */
  readonly url: string;
  /** Before all keys, to share a Redis with others: `gavel:`. Without braces: all keys have one hash tag. */
  readonly keyPrefix: string;
  /** As `EventBooksOptions.source`. */
  readonly source: string;
  /** What is booked that is remembered, at most; half of it at least. */
  readonly rememberedMax: number;
  /** A command that takes longer has failed, ms: the books are kept waiting for no longer. */
  readonly commandTimeoutMs: number;
  /** Connection lost, refused, a command failed. */
  readonly onError: (error: Error) => void;
}

type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    beginBookings(meta: string, places: string, flights: string, ...args: Argument[]): Result<string, Context>;
    bookingsDone(meta: string, places: string, flights: string, ...args: Argument[]): Result<null, Context>;
  }
}

/** In one script, which holds up all others at that Redis: 2 to 3 ms on a busy core. */
const KEYS_PER_CALL = 500;
/** A transaction takes less. */
const FLIGHT_MS = 30_000;
/** What killed processes have left goes with the rest when there are so many. */
const FLIGHTS_MAX = 100_000;
const IDS_KEPT_MS = 86_400_000;
const STATES: Readonly<Record<string, BookingState>> = { a: 'absent', f: 'in-flight', d: 'done' };

/** Resolves once connected; also when Redis cannot be reached, which is tried again and again from then on. */
export async function openRedisBookingFilter(options: RedisBookingFilterOptions): Promise<BookingFilter> {
  const filter = new RedisBookingFilter(options);
  await filter.connect();
  return filter;
}

class RedisBookingFilter implements BookingFilter {
  readonly #options: RedisBookingFilterOptions;
  readonly #redis: Redis;
  readonly #owner = randomUUID();
  readonly #keys: [string, string, string];
  readonly #idPrefix: string;
  #isClosed = false;

  constructor(options: RedisBookingFilterOptions) {
    this.#options = options;
    const prefix = `${options.keyPrefix}{booked}:`;
    this.#keys = [`${prefix}meta`, `${prefix}places`, `${prefix}flights`];
    this.#idPrefix = `${prefix}ids:`;
    this.#redis = createRedisClient(options.url, options.commandTimeoutMs);
    this.#redis.defineCommand('beginBookings', { lua: BEGIN, numberOfKeys: 3 });
    this.#redis.defineCommand('bookingsDone', { lua: DONE, numberOfKeys: 3 });
    this.#redis.on('error', options.onError);
  }

  async connect(): Promise<void> {
    // What goes wrong is an `error` event too, and is tried again.
    await Promise.allSettled([this.#redis.connect()]);
  }

  readonly begin = async (part: BookedPart, keys: readonly string[]): Promise<readonly BookingState[] | null> => {
    if (!this.#isReady()) return null;
    try {
      let letters = '';
      for (let at = 0; at < keys.length; at += KEYS_PER_CALL) {
        const ids = keys.slice(at, at + KEYS_PER_CALL).map(rememberedId);
        const place = this.#placeOf(part);
        letters += await this.#redis.beginBookings(
          ...this.#keys,
          this.#idPrefix,
          ...place,
          this.#owner,
          FLIGHT_MS,
          FLIGHTS_MAX,
          ...ids,
        );
      }
      return Array.from(letters, (letter) => STATES[letter] ?? 'absent');
    } catch (error) {
      if (!this.#isClosed) this.#options.onError(error as Error);
      return null;
    }
  };

  readonly done = (part: BookedPart, keys: readonly string[]): void => {
    if (!this.#isReady()) return;
    for (let at = 0; at < keys.length; at += KEYS_PER_CALL) {
      const ids = keys.slice(at, at + KEYS_PER_CALL).map(rememberedId);
      // The first part moves the place, so that the next ones begin behind it.
      const from = at === 0 ? part : { ...part, from: { ...part.from, nextOffset: part.toOffset } };
      this.#redis
        .bookingsDone(
          ...this.#keys,
          this.#idPrefix,
          ...this.#placeOf(from),
          part.toOffset,
          Math.ceil(this.#options.rememberedMax / 2),
          IDS_KEPT_MS,
          ...ids,
        )
        .catch((error: unknown) => {
          if (!this.#isClosed) this.#options.onError(error as Error);
        });
    }
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#redis.disconnect();
  };

  /** Away, it would reject by itself, with an error for each batch. */
  #isReady(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Partition, epoch and place. */
  #placeOf({ partition, from }: BookedPart): [string, number, Argument] {
    return [`${this.#options.source}#${partition}`, from.epoch, from.nextOffset ?? ''];
  }
}
