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

/** What has been counted, and the rules of it; places are for stores. */
export class CounterMemory {
  readonly #bounds: CounterBounds;
  /** By the beginning of the window, then by dimension and id. */
  readonly #windows = new Map<number, Map<Dimension, Map<string, Counts>>>();
  readonly #counted: SeenEvents;

  constructor(bounds: CounterBounds, counted: SeenEvents = new SeenEvents(bounds.rememberedMax)) {
    this.#bounds = bounds;
    this.#counted = counted;
  }

  count(events: readonly CountedEvent[], nowMs: number): CountingResult {
    this.#forgetOld(nowMs);
    const tally = newTally();
    for (const event of events) this.#take(event, nowMs, tally);
    return tally;
  }

  read(thing: Thing, { fromMs, toMs }: CounterPeriod, nowMs: number): ReadonlyMap<number, Counts> {
    this.#forgetOld(nowMs);
    const found = new Map<number, Counts>();
    for (const windowMs of [...this.#windows.keys()].sort((a, b) => a - b)) {
      const counts = this.#windows.get(windowMs)!.get(thing.dimension)?.get(thing.id);
      if (counts !== undefined && windowMs >= fromMs && windowMs < toMs) found.set(windowMs, copyOf(counts));
    }
    return found;
  }

  readAll(dimension: Dimension, { fromMs, toMs }: CounterPeriod, nowMs: number): ReadonlyMap<string, Counts> {
    this.#forgetOld(nowMs);
    const sums = new Map<string, Counts>();
    for (const [windowMs, dimensions] of this.#windows) {
      if (windowMs < fromMs || windowMs >= toMs) continue;
      for (const [id, counts] of dimensions.get(dimension) ?? []) addCounts(madeIn(sums, id, noCounts), counts);
    }
    return sums;
  }

  clear(): void {
    this.#windows.clear();
  }

  copy(): CounterMemory {
    const copy = new CounterMemory(this.#bounds, this.#counted.copy());
    for (const [windowMs, dimensions] of this.#windows) copy.#windows.set(windowMs, structuredClone(dimensions));
    return copy;
  }

  #take(event: CountedEvent, nowMs: number, tally: Tally): void {
    const windowMs = windowOf(event.atMs);
    if (!isWindowKept(windowMs, nowMs, this.#bounds.keptMs)) {
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
      const hasRoom = id === OTHER_ID || things.has(id) || things.size < this.#bounds.thingsMax;
      if (!hasRoom) tally.overflowed += 1;
      const counts = madeIn(things, hasRoom ? id : OTHER_ID, noCounts);
      counts[event.type] += 1;
      if (event.spend !== null) addSpend(counts, event.spend.currency, BigInt(event.spend.nanos));
    }
  }

  #forgetOld(nowMs: number): void {
    for (const windowMs of this.#windows.keys()) {
      if (!isWindowKept(windowMs, nowMs, this.#bounds.keptMs)) this.#windows.delete(windowMs);
    }
  }
}

class EmbeddedCounterStore implements CounterStore {
  readonly #clock: Clock;
  readonly #memory: CounterMemory;
  readonly #places = new Map<number, number>();
  readonly #startedAtMs: number;
  #isClosed = false;

  constructor({ clock, ...bounds }: EmbeddedCounterStoreOptions) {
    this.#clock = clock;
    this.#memory = new CounterMemory(bounds);
    this.#startedAtMs = clock.wallMs();
  }

  readonly claim = async (partition: number): Promise<number | null> => {
    this.#open();
    return this.#places.get(partition) ?? null;
  };

  readonly count = async ({ partition, events, toOffset }: CountingBatch): Promise<CountingResult> => {
    const nowMs = this.#open();
    const from = this.#places.get(partition) ?? Number.NEGATIVE_INFINITY;
    const result = this.#memory.count(
      events.filter(({ offset }) => offset >= from),
      nowMs,
    );
    this.#places.set(partition, Math.max(from, toOffset));
    return result;
  };

  readonly read = async (thing: Thing, period: CounterPeriod): Promise<ReadonlyMap<number, Counts>> =>
    this.#memory.read(thing, period, this.#open());

  readonly readAll = async (dimension: Dimension, period: CounterPeriod): Promise<ReadonlyMap<string, Counts>> =>
    this.#memory.readAll(dimension, period, this.#open());

  readonly startedAtMs = async (): Promise<number | null> => {
    this.#open();
    return this.#startedAtMs;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#memory.clear();
  };

  /** Gives the time, epoch ms. */
  #open(): number {
    if (this.#isClosed) throw new CounterStoreError('closed', 'the counters are closed');
    return this.#clock.wallMs();
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
