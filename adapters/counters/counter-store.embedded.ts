/**
 * CounterStore in this process. A restart forgets, and the log in the data folder has all of it: its last windows are counted anew.
 * Bounded by windows, by things in each, and by ids.
 */

import {
  addCounts,
  addSpend,
  type CounterPeriod,
  type Counts,
  noCounts,
  windowOf,
} from '../../engine/counters/counts.ts';
import { type CountedEvent, type Dimension, OTHER_ID, type Thing } from '../../engine/counters/dimensions.ts';
import { SeenEvents } from '../../engine/events/seen-events.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import {
  type CounterStore,
  CounterStoreError,
  type CountingBatch,
  type CountingResult,
} from '../../engine/ports/counter-store.ts';
import { isWindowKept } from './retention.ts';
import { newTally, type Tally } from './tally.ts';

export interface CounterBounds {
  /** How long a window is kept after its end, ms. */
  readonly keptMs: number;
  /** Of a dimension in one window; those that come then count under `OTHER_ID`. */
  readonly thingsMax: number;
  /** Ids of events that are known to be counted, at most; half as many at least. */
  readonly rememberedMax: number;
}

export interface EmbeddedCounterStoreOptions extends CounterBounds {
  readonly clock: Clock;
}

export function createEmbeddedCounterStore(options: EmbeddedCounterStoreOptions): CounterStore {
  return new EmbeddedCounterStore(options);
}

class EmbeddedCounterStore implements CounterStore {
  readonly #options: EmbeddedCounterStoreOptions;
  readonly #places = new Map<number, number>();
  /** By the beginning of the window, then by dimension and id. */
  readonly #windows = new Map<number, Map<Dimension, Map<string, Counts>>>();
  readonly #counted: SeenEvents;
  readonly #startedAtMs: number;
  #isClosed = false;

  constructor(options: EmbeddedCounterStoreOptions) {
    this.#options = options;
    this.#counted = new SeenEvents(options.rememberedMax);
    this.#startedAtMs = options.clock.wallMs();
  }

  readonly claim = async (partition: number): Promise<number | null> => {
    this.#open();
    return this.#places.get(partition) ?? null;
  };

  readonly count = async ({ partition, events, toOffset }: CountingBatch): Promise<CountingResult> => {
    const nowMs = this.#open();
    this.#forgetOld(nowMs);
    const from = this.#places.get(partition) ?? Number.NEGATIVE_INFINITY;
    const tally = newTally();
    for (const event of events) if (event.offset >= from) this.#take(event, nowMs, tally);
    this.#places.set(partition, Math.max(from, toOffset));
    return tally;
  };

  readonly read = async (thing: Thing, { fromMs, toMs }: CounterPeriod): Promise<ReadonlyMap<number, Counts>> => {
    this.#forgetOld(this.#open());
    const found = new Map<number, Counts>();
    for (const windowMs of [...this.#windows.keys()].sort((a, b) => a - b)) {
      const counts = this.#windows.get(windowMs)!.get(thing.dimension)?.get(thing.id);
      if (counts !== undefined && windowMs >= fromMs && windowMs < toMs) found.set(windowMs, copyOf(counts));
    }
    return found;
  };

  readonly readAll = async (
    dimension: Dimension,
    { fromMs, toMs }: CounterPeriod,
  ): Promise<ReadonlyMap<string, Counts>> => {
    this.#forgetOld(this.#open());
    const sums = new Map<string, Counts>();
    for (const [windowMs, dimensions] of this.#windows) {
      if (windowMs < fromMs || windowMs >= toMs) continue;
      for (const [id, counts] of dimensions.get(dimension) ?? []) addCounts(madeIn(sums, id, noCounts), counts);
    }
    return sums;
  };

  readonly startedAtMs = async (): Promise<number | null> => {
    this.#open();
    return this.#startedAtMs;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#windows.clear();
  };

  #take(event: CountedEvent, nowMs: number, tally: Tally): void {
    const windowMs = windowOf(event.atMs);
    if (!isWindowKept(windowMs, nowMs, this.#options.keptMs)) {
      tally.outside += 1;
      return;
    }
    if (this.#counted.has(event.id)) {
      tally.repeated += 1;
      return;
    }
    this.#counted.add(event.id);
    tally.counted[event.type] = (tally.counted[event.type] ?? 0) + 1;
    const window = madeIn(this.#windows, windowMs, () => new Map<Dimension, Map<string, Counts>>());
    for (const { dimension, id } of event.things) {
      const things = madeIn(window, dimension, () => new Map<string, Counts>());
      const hasRoom = id === OTHER_ID || things.has(id) || things.size < this.#options.thingsMax;
      if (!hasRoom) tally.overflowed += 1;
      const counts = madeIn(things, hasRoom ? id : OTHER_ID, noCounts);
      counts[event.type] += 1;
      if (event.spend !== null) addSpend(counts, event.spend.currency, BigInt(event.spend.nanos));
    }
  }

  #forgetOld(nowMs: number): void {
    for (const windowMs of this.#windows.keys()) {
      if (!isWindowKept(windowMs, nowMs, this.#options.keptMs)) this.#windows.delete(windowMs);
    }
  }

  /** Gives the time, epoch ms. */
  #open(): number {
    if (this.#isClosed) throw new CounterStoreError('closed', 'the counters are closed');
    return this.#options.clock.wallMs();
  }
}

/** What a reader is given does not change under its hands. */
function copyOf(counts: Counts): Counts {
  const copy = noCounts();
  addCounts(copy, counts);
  return copy;
}

function madeIn<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
