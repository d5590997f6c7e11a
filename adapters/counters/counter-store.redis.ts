/**
 * CounterStore in Redis, for all processes. Commands are never queued while Redis is away and never sent twice: whether a call took effect
 * whose answer was lost, the place that it would have moved tells.
 */
import type { Redis, Result } from 'ioredis';
import {
  addCounts,
  addSpend,
  type CounterPeriod,
  type Counts,
  noCounts,
  WINDOW_MS,
  windowOf,
} from '../../engine/counters/counts.ts';
import { COUNTED_TYPES, type CountedEvent, type Dimension, type Thing } from '../../engine/counters/dimensions.ts';
import {
  type CounterStore,
  CounterStoreError,
  type CountingBatch,
  type CountingResult,
} from '../../engine/ports/counter-store.ts';
import { createRedisClient } from '../redis-client.ts';
import { rememberedId } from '../redis-id-memory.ts';
import type { CounterBounds } from './counter-store.embedded.ts';
import { CLAIM, COUNT } from './redis-scripts.ts';
import { newTally, type Tally } from './tally.ts';

export interface RedisCounterStoreOptions extends CounterBounds {
  /** `redis://` or `rediss://`, with credentials if there are any. */
  readonly url: string;
  /** Before all keys, to share a Redis with others: `gavel:`. Without braces: all counters have one hash tag. */
  readonly keyPrefix: string;
  /** Which log or topic, the same for ever: offsets count within it. Empty: of a store that only reads. */
  readonly source: string;
  /** A command that takes longer has failed, ms. */
  readonly commandTimeoutMs: number;
  /** Connection lost, refused, and the like; commands meanwhile reject by themselves. */
  readonly onError: (error: Error) => void;
}

type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    claimCounterPlace(places: string, meta: string, ...args: Argument[]): Result<[string, string], Context>;
    countEvents(places: string, meta: string, ...args: Argument[]): Result<[string, ...Argument[]], Context>;
  }
}

/** Counted in one script, which holds up all others at that Redis: 2 to 3 ms on a busy core. */
const EVENTS_PER_CALL = 100;
/** Of a source that nobody reads any more. */
const PLACE_KEPT_MS = 7 * 86_400_000;
/** Ids are kept until they are too many, or for so long: as long as a click may be told behind its ad by default. */
const IDS_KEPT_MS = 86_400_000;
/** Windows of all things read at a time: bytes that are parsed in one step of the loop. */
const WINDOWS_AT_ONCE = 6;

/** Resolves once connected; also when Redis cannot be reached, which is tried again and again from then on. */
export async function openRedisCounterStore(options: RedisCounterStoreOptions): Promise<CounterStore> {
  const store = new RedisCounterStore(options);
  await store.connect();
  return store;
}

interface Place {
  readonly epoch: number;
  /** Null: nothing was counted since nobody knew. */
  next: number | null;
  /** The last call failed: it may have taken effect nevertheless, up to there. */
  unsureTo: number | null;
}

class RedisCounterStore implements CounterStore {
  readonly #options: RedisCounterStoreOptions;
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #places = new Map<number, Place>();
  #isClosed = false;

  constructor(options: RedisCounterStoreOptions) {
    this.#options = options;
    this.#prefix = `${options.keyPrefix}{counters}:`;
    this.#redis = createRedisClient(options.url, options.commandTimeoutMs);
    this.#redis.defineCommand('claimCounterPlace', { lua: CLAIM, numberOfKeys: 2 });
    this.#redis.defineCommand('countEvents', { lua: COUNT, numberOfKeys: 2 });
    this.#redis.on('error', options.onError);
  }

  async connect(): Promise<void> {
    // What goes wrong is an `error` event too, and is tried again.
    await Promise.allSettled([this.#redis.connect()]);
  }

  readonly claim = async (partition: number): Promise<number | null> => {
    const [epoch, next] = await this.#run(() =>
      this.#redis.claimCounterPlace(this.#key('places'), this.#key('meta'), this.#field(partition), PLACE_KEPT_MS),
    );
    const place: Place = { epoch: Number(epoch), next: next === '' ? null : Number(next), unsureTo: null };
    this.#places.set(partition, place);
    return place.next;
  };

  readonly count = async ({ partition, events, toOffset }: CountingBatch): Promise<CountingResult> => {
    const place = this.#places.get(partition);
    if (place === undefined) throw new CounterStoreError('lost', `partition ${partition} was never claimed`);
    if (place.unsureTo !== null) await this.#lookAgain(partition, place, place.unsureTo);
    const from = place.next ?? Number.NEGATIVE_INFINITY;
    const rest = events.filter(({ offset }) => offset >= from);
    const tally = newTally();
    if (toOffset <= from) return tally;
    for (let at = 0; at === 0 || at < rest.length; at += EVENTS_PER_CALL) {
      const part = rest.slice(at, at + EVENTS_PER_CALL);
      const isLast = at + EVENTS_PER_CALL >= rest.length;
      const partTo = isLast ? toOffset : part.at(-1)!.offset + 1;
      await this.#countPart(place, { partition, events: part, toOffset: partTo }, tally);
    }
    return tally;
  };

  readonly read = async ({ dimension, id }: Thing, period: CounterPeriod): Promise<ReadonlyMap<number, Counts>> => {
    const windows = windowsOf(period);
    const rows = await this.#runAll(windows.map((windowMs) => ['hget', this.#windowKey(windowMs, dimension), id]));
    const found = new Map<number, Counts>();
    for (const [at, row] of rows.entries()) if (row !== null) found.set(windows[at]!, decodeRow(row as string));
    return found;
  };

  readonly readAll = async (dimension: Dimension, period: CounterPeriod): Promise<ReadonlyMap<string, Counts>> => {
    const windows = windowsOf(period);
    const sums = new Map<string, Counts>();
    for (let at = 0; at < windows.length; at += WINDOWS_AT_ONCE) {
      const some = windows.slice(at, at + WINDOWS_AT_ONCE);
      const hashes = await this.#runAll(some.map((windowMs) => ['hgetall', this.#windowKey(windowMs, dimension)]));
      for (const hash of hashes as Readonly<Record<string, string>>[]) {
        for (const [id, row] of Object.entries(hash)) {
          const sum = sums.get(id);
          if (sum === undefined) sums.set(id, decodeRow(row));
          else addCounts(sum, decodeRow(row));
        }
      }
    }
    return sums;
  };

  readonly startedAtMs = async (): Promise<number | null> => {
    const started = await this.#run(() => this.#redis.hget(this.#key('meta'), 'started'));
    return started === null ? null : Number(started);
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#redis.disconnect();
  };

  async #countPart(place: Place, { partition, events, toOffset }: CountingBatch, tally: Tally): Promise<void> {
    const { keptMs, thingsMax, rememberedMax } = this.#options;
    place.unsureTo = toOffset;
    const [kind, ...values] = await this.#run(() =>
      this.#redis.countEvents(
        this.#key('places'),
        this.#key('meta'),
        this.#field(partition),
        place.epoch,
        place.next ?? '',
        toOffset,
        this.#key('window:'),
        this.#key('ids:'),
        keptMs,
        thingsMax,
        Math.ceil(rememberedMax / 2),
        IDS_KEPT_MS,
        PLACE_KEPT_MS,
        encodeEvents(events),
      ),
    );
    if (kind === 'moved') throw this.#moved(partition, place, String(values[0]));
    place.next = toOffset;
    place.unsureTo = null;
    const [repeated, outside, overflowed, ...counted] = values.map(Number);
    tally.repeated += repeated!;
    tally.outside += outside!;
    tally.overflowed += overflowed!;
    for (const [at, type] of COUNTED_TYPES.entries()) {
      tally.counted[type] = (tally.counted[type] ?? 0) + counted[at]!;
    }
  }

  /** Either where the last call began or where it would have ended: anything else was not written by this process. */
  async #lookAgain(partition: number, place: Place, unsureTo: number): Promise<void> {
    const stored = (await this.#run(() => this.#redis.hget(this.#key('places'), this.#field(partition)))) ?? '';
    if (stored === `${place.epoch} ${unsureTo}`) place.next = unsureTo;
    else if (stored !== `${place.epoch} ${place.next ?? ''}`) throw this.#moved(partition, place, stored);
    place.unsureTo = null;
  }

  #moved(partition: number, { epoch }: Place, stored: string): CounterStoreError {
    const storedEpoch = Number(stored.split(' ')[0]);
    if (storedEpoch > epoch) {
      return new CounterStoreError('fenced', `another process counts partition ${partition} by now`);
    }
    return new CounterStoreError('lost', `of partition ${partition} Redis has ${stored === '' ? 'nothing' : stored}`);
  }

  async #runAll(commands: string[][]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    const answers = await this.#run(() => this.#redis.pipeline(commands).exec());
    return answers!.map(([error, value]) => {
      if (error !== null) throw new CounterStoreError('unavailable', error.message, { cause: error });
      return value;
    });
  }

  async #run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new CounterStoreError('closed', 'the counters are closed');
    try {
      return await command();
    } catch (error) {
      throw new CounterStoreError('unavailable', (error as Error).message, { cause: error });
    }
  }

  #field(partition: number): string {
    return `${this.#options.source}#${partition}`;
  }

  #windowKey(windowMs: number, dimension: Dimension): string {
    return this.#key(`window:${windowMs}:${dimension}`);
  }

  #key(name: string): string {
    return this.#prefix + name;
  }
}

function windowsOf({ fromMs, toMs }: CounterPeriod): number[] {
  const windows: number[] = [];
  for (let windowMs = windowOf(fromMs); windowMs < toMs; windowMs += WINDOW_MS) windows.push(windowMs);
  return windows;
}

function encodeEvents(events: readonly CountedEvent[]): string {
  return JSON.stringify(
    events.map(({ id, atMs, type, things, spend }) => [
      rememberedId(id),
      windowOf(atMs),
      COUNTED_TYPES.indexOf(type) + 1,
      spend?.currency ?? '',
      spend?.nanos ?? 0,
      things.flatMap((thing) => [thing.dimension, thing.id]),
    ]),
  );
}

function decodeRow(text: string): Counts {
  const counts = noCounts();
  const row = JSON.parse(text) as (number | string)[];
  for (const [at, type] of COUNTED_TYPES.entries()) counts[type] = Number(row[at]);
  for (let at = COUNTED_TYPES.length; at < row.length; at += 2) addSpend(counts, String(row[at]), BigInt(row[at + 1]!));
  return counts;
}
