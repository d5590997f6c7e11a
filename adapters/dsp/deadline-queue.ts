/**
 * Deadlines of many calls on one timer. Calls of one auction share a handful of deadlines, so they are kept in buckets
 * of one millisecond, and one timer is armed for the earliest bucket: an auction with 50 DSPs costs about one timer.
 *
 * The event loop runs timers before it reads sockets. When it is late, answers that came in time lie unread as their
 * deadline fires, so nothing expires before what has arrived is taken in.
 */
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';

export interface Expiring {
  /** Called once the deadline has passed; must return quickly when the call is already over. */
  readonly expire: (nowMs: number) => void;
}

/** Timers fire up to this late on an idle loop. */
const BEHIND_MS = 2;

export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onFault: (error: unknown) => void;
  readonly #afterInput: (run: () => void) => void;
  /** Entries by deadline, rounded up to whole milliseconds so that nothing expires early. */
  readonly #buckets = new Map<number, (Expiring | null)[]>();
  #armedForMs = Number.POSITIVE_INFINITY;
  #timer: TimerHandle = null;

  /**
   * `onFault` hears of entries that threw; the others expire all the same. `afterInput` runs something once the sockets have
   * been read that are readable now.
   */
  constructor(
    clock: Clock,
    timers: Timers,
    onFault: (error: unknown) => void,
    afterInput: (run: () => void) => void = setImmediate,
  ) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onFault = onFault;
    this.#afterInput = afterInput;
  }

  /** Returns the entry's place, by which it can be removed before its deadline. */
  add(deadlineAtMs: number, entry: Expiring): number {
    const bucketMs = Math.ceil(deadlineAtMs);
    const bucket = this.#buckets.get(bucketMs);
    if (bucket !== undefined) return bucket.push(entry) - 1;
    this.#buckets.set(bucketMs, [entry]);
    if (bucketMs < this.#armedForMs) this.#arm(bucketMs);
    return 0;
  }

  /**
   * Does nothing when the entry is not there (any more). The timer stays armed. An answered call that stayed here until its
   * deadline would outlive a young collection or two, and each copies it.
   */
  remove(deadlineAtMs: number, place: number, entry: Expiring): void {
    const bucket = this.#buckets.get(Math.ceil(deadlineAtMs));
    if (bucket?.[place] === entry) bucket[place] = null;
  }

  /** Whether the loop is late with its deadlines: what it reads now may have arrived before them. */
  isBehind(nowMs: number): boolean {
    return nowMs - this.#armedForMs > BEHIND_MS;
  }

  close(): void {
    this.#timers.cancel(this.#timer);
    this.#buckets.clear();
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }

  #arm(atMs: number): void {
    if (this.#timer !== null) this.#timers.cancel(this.#timer);
    this.#armedForMs = atMs;
    this.#timer = this.#timers.schedule(Math.max(0, atMs - this.#clock.monotonicMs()), this.#fire);
  }

  readonly #fire = (): void => {
    this.#timer = null;
    if (this.isBehind(this.#clock.monotonicMs())) this.#afterInput(this.#expireDue);
    else this.#expireDue();
  };

  readonly #expireDue = (): void => {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [bucketMs, entries] of this.#buckets) {
      if (bucketMs > nowMs) {
        if (bucketMs < nextMs) nextMs = bucketMs;
        continue;
      }
      this.#buckets.delete(bucketMs);
      for (const entry of entries) if (entry !== null) this.#expire(entry, nowMs);
    }
    // An expiry may have added a bucket and armed the timer; keep whichever is earlier.
    if (nextMs < this.#armedForMs) this.#arm(nextMs);
  };

  #expire(entry: Expiring, nowMs: number): void {
    try {
      entry.expire(nowMs);
    } catch (error) {
      this.#onFault(error);
    }
  }
}
