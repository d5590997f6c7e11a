/**
 * One expensive reading for all who ask while it is under way, and a pause behind it: however many ask, it runs only so
 * often. Who comes in the pause waits for the next one: what was counted before somebody asked is in what they get.
 */
import type { Timers } from '../../engine/ports/clock.ts';

export interface SharedReadingOptions<Value> {
  readonly timers: Timers;
  /** From the end of one reading to the beginning of the next, ms. */
  readonly pauseMs: number;
  readonly read: () => Promise<Value>;
}

export class SharedReading<Value> {
  readonly #options: SharedReadingOptions<Value>;
  #current: Promise<Value> | null = null;
  #pause: Promise<void> = Promise.resolve();

  constructor(options: SharedReadingOptions<Value>) {
    this.#options = options;
  }

  read(): Promise<Value> {
    this.#current ??= this.#next();
    return this.#current;
  }

  async #next(): Promise<Value> {
    const { timers, pauseMs, read } = this.#options;
    await this.#pause;
    try {
      return await read();
    } finally {
      this.#current = null;
      this.#pause = new Promise((resolve) => {
        timers.schedule(pauseMs, resolve);
      });
    }
  }
}
