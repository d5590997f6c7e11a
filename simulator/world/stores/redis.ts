/**
 * A Redis of a world: what processes share of budgets, frequencies and counters, by the rules of the embedded stores. A command is one
 * step at one moment of Redis's own clock, as a script is. It evicts nothing.
 */
import { BudgetMemory, type CounterBounds, CounterMemory, FrequencyMemory } from '../../../compose.ts';
import type { Clock } from '../../../engine/ports/clock.ts';

export interface MemoryRedisOptions {
  /** Of the machine that it stands on. */
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly counters: CounterBounds;
}

export interface RedisContents {
  readonly budgets: BudgetMemory;
  readonly frequencies: FrequencyMemory;
  readonly counters: CounterMemory;
  /** Of counters, by source and partition. */
  readonly places: Map<string, CountedPlace>;
  /** Of counters: since when nothing of them was lost, epoch ms; null: nobody has counted anything. */
  countingSinceMs: number | null;
}

/** How far a partition is counted, and by which right. */
export interface CountedPlace {
  readonly epoch: number;
  /** Null: nobody knows. */
  readonly next: number | null;
}

export type RedisCommand<T> = (contents: RedisContents, nowMs: number) => T;

/** More than any world has. */
const ACCOUNTS_MAX = 100_000;
const USERS_MAX = 10_000_000;

export class MemoryRedis {
  readonly #options: MemoryRedisOptions;
  #contents: RedisContents;

  constructor(options: MemoryRedisOptions) {
    this.#options = options;
    this.#contents = emptyContents(options);
  }

  /** For the other end of a `Link`. */
  run<T>(command: RedisCommand<T>): T {
    return command(this.#contents, this.#options.clock.wallMs());
  }

  /** `FLUSHALL`, or a Redis that was lost and replaced by an empty one. */
  flushAll(): void {
    this.#contents = emptyContents(this.#options);
  }

  /** What a replica has by now. Gives the failover to it: what was done here in between is gone. */
  replicate(): () => void {
    const copy = copyOf(this.#contents);
    return () => {
      this.#contents = copy;
    };
  }
}

function emptyContents({ counters }: MemoryRedisOptions): RedisContents {
  return {
    budgets: new BudgetMemory(ACCOUNTS_MAX),
    frequencies: new FrequencyMemory(USERS_MAX),
    counters: new CounterMemory(counters),
    places: new Map(),
    countingSinceMs: null,
  };
}

function copyOf({ budgets, frequencies, counters, places, countingSinceMs }: RedisContents): RedisContents {
  return {
    budgets: budgets.copy(),
    frequencies: frequencies.copy(),
    counters: counters.copy(),
    places: new Map(places),
    countingSinceMs,
  };
}
