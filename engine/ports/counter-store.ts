/**
 * Where events are counted by windows of 10 s, and how far each partition of their log has been: both change in one step, so that what
 * comes again is not counted again. Twins: the memory of a process (embedded), Redis (production).
 */
import type { CounterPeriod, Counts } from '../counters/counts.ts';
import type { CountedEvent, CountedType, Dimension, Thing } from '../counters/dimensions.ts';

export interface CounterReader {
  /** By the beginning of the window, ascending; windows in which nothing of it was counted are left out. */
  readonly read: (thing: Thing, period: CounterPeriod) => Promise<ReadonlyMap<number, Counts>>;
  /** Of all things of a dimension, over the whole period, by id. */
  readonly readAll: (dimension: Dimension, period: CounterPeriod) => Promise<ReadonlyMap<string, Counts>>;
  /** Epoch ms since when these counters have not been lost; null: nobody has counted anything. */
  readonly startedAtMs: () => Promise<number | null>;
}

export interface CountingBatch {
  readonly partition: number;
  /** In order of their offsets. */
  readonly events: readonly CountedEvent[];
  /** Behind the last event that was read, counted or not. */
  readonly toOffset: number;
}

export interface CountingResult {
  readonly counted: Readonly<Partial<Record<CountedType, number>>>;
  /** Whose id was counted before. */
  readonly repeated: number;
  /** Of windows that are no longer kept, or more than a minute ahead. */
  readonly outside: number;
  /** Things of them that counted under `OTHER_ID`, for want of room. */
  readonly overflowed: number;
}

export interface CounterStore extends CounterReader {
  /**
   * Takes a partition over: whoever had it counts nothing there any more. Gives where it goes on; null: nobody knows, and what is kept of
   * the log is to be read again.
   */
  readonly claim: (partition: number) => Promise<number | null>;
  /** Rejects with a `CounterStoreError`. The same batch again counts what of it was not counted. */
  readonly count: (batch: CountingBatch) => Promise<CountingResult>;
  readonly close: () => Promise<void>;
}

/**
 * `unavailable`: cannot be asked, or did not answer. `lost`: what is stored of the partition is older than what this process has
 * stored there, or gone: it is to be claimed again. `fenced`: another process has claimed it. `closed`.
 */
export class CounterStoreError extends Error {
  override readonly name = 'CounterStoreError';
  readonly code: 'unavailable' | 'lost' | 'fenced' | 'closed';

  constructor(code: CounterStoreError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
