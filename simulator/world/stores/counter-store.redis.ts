/**
 * The `CounterStore` of one process over the Redis of a world. As over a real one, whether a call took effect whose answer was lost is told
 * by the place that it would have moved.
 */
import type { CounterPeriod, Counts } from '../../../engine/counters/counts.ts';
import type { Dimension, Thing } from '../../../engine/counters/dimensions.ts';
import {
  type CounterStore,
  CounterStoreError,
  type CountingBatch,
  type CountingResult,
} from '../../../engine/ports/counter-store.ts';
import type { CountedPlace, RedisContents } from './redis.ts';
import { RedisClient, type RedisConnection } from './redis-client.ts';

/** `source`: which topic, the same for ever: offsets count within it. Empty: of a store that only reads. */
export function createWorldCounterStore(connection: RedisConnection, source: string): CounterStore {
  return new WorldCounterStore(connection, source);
}

const NOTHING_COUNTED: CountingResult = { counted: {}, repeated: 0, outside: 0, overflowed: 0 };

class WorldCounterStore implements CounterStore {
  readonly #client: RedisClient;
  readonly #source: string;
  /** What this process believes, by partition: where it is, and where a call without an answer would have brought it. */
  readonly #places = new Map<number, { readonly believed: CountedPlace; readonly unsureTo: number | null }>();

  constructor(connection: RedisConnection, source: string) {
    this.#source = source;
    this.#client = new RedisClient(connection, {
      closed: () => new CounterStoreError('closed', 'the counters are closed'),
      failed: (_, message, options) => new CounterStoreError('unavailable', message, options),
    });
  }

  readonly claim = async (partition: number): Promise<number | null> => {
    const believed = await this.#client.run((contents, nowMs) => claim(contents, this.#field(partition), nowMs));
    this.#places.set(partition, { believed, unsureTo: null });
    return believed.next;
  };

  readonly count = async ({ partition, events, toOffset }: CountingBatch): Promise<CountingResult> => {
    const believed = await this.#placeOf(partition);
    const from = believed.next ?? Number.NEGATIVE_INFINITY;
    if (toOffset <= from) return NOTHING_COUNTED;
    const rest = events.filter(({ offset }) => offset >= from);
    const moved: CountedPlace = { epoch: believed.epoch, next: toOffset };
    this.#places.set(partition, { believed, unsureTo: toOffset });
    const result = await this.#client.run((contents, nowMs) => {
      const stored = contents.places.get(this.#field(partition));
      if (!isSame(stored, believed)) return movedError(partition, believed, stored);
      contents.places.set(this.#field(partition), moved);
      return contents.counters.count(rest, nowMs);
    });
    if (result instanceof CounterStoreError) throw result;
    this.#places.set(partition, { believed: moved, unsureTo: null });
    return result;
  };

  readonly read = (thing: Thing, period: CounterPeriod): Promise<ReadonlyMap<number, Counts>> =>
    this.#client.run(({ counters }, nowMs) => counters.read(thing, period, nowMs));

  readonly readAll = (dimension: Dimension, period: CounterPeriod): Promise<ReadonlyMap<string, Counts>> =>
    this.#client.run(({ counters }, nowMs) => counters.readAll(dimension, period, nowMs));

  readonly startedAtMs = (): Promise<number | null> => this.#client.run(({ countingSinceMs }) => countingSinceMs);

  readonly close = (): Promise<void> => this.#client.close();

  /** Where the last call began or where it would have ended: anything else was not written by this process. */
  async #placeOf(partition: number): Promise<CountedPlace> {
    const place = this.#places.get(partition);
    if (place === undefined) throw new CounterStoreError('lost', `partition ${partition} was never claimed`);
    const { believed, unsureTo } = place;
    if (unsureTo === null) return believed;
    const stored = await this.#client.run(({ places }) => places.get(this.#field(partition)));
    const moved = { epoch: believed.epoch, next: unsureTo };
    const sure = [believed, moved].find((possible) => isSame(stored, possible));
    if (sure === undefined) throw movedError(partition, believed, stored);
    this.#places.set(partition, { believed: sure, unsureTo: null });
    return sure;
  }

  #field(partition: number): string {
    return `${this.#source}#${partition}`;
  }
}

/** Epochs rise with the time, so that one that was given before Redis lost it is never given again. */
function claim(contents: RedisContents, field: string, nowMs: number): CountedPlace {
  const known = contents.places.get(field);
  const claimed = { epoch: Math.max(nowMs * 1000, (known?.epoch ?? 0) + 1), next: known?.next ?? null };
  contents.places.set(field, claimed);
  contents.countingSinceMs ??= nowMs;
  return claimed;
}

function isSame(stored: CountedPlace | undefined, { epoch, next }: CountedPlace): boolean {
  return stored?.epoch === epoch && stored.next === next;
}

function movedError(partition: number, { epoch }: CountedPlace, stored: CountedPlace | undefined): CounterStoreError {
  if (stored !== undefined && stored.epoch > epoch) {
    return new CounterStoreError('fenced', `another process counts partition ${partition} by now`);
  }
  return new CounterStoreError('lost', `of partition ${partition} Redis has ${JSON.stringify(stored ?? null)}`);
}
