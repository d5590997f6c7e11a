/**
 * Keys asked more often than a rate, found by a Count-Min Sketch a second. A key counts as hot from the moment it exceeds
 * the rate until a whole second has passed in which it did not. The sketch never counts too low, so no hot key is missed.
 */
import { CountMinSketch, hashOfKey } from './count-min-sketch.ts';

const WINDOW_MS = 1000;
/** 4 x 8192 counters, 64 KiB each: at 100,000 requests a second a count is too high by 33 at most, almost always. */
const SKETCH_WIDTH = 8192;

export class HotKeys {
  readonly #perSecondMin: number;
  #current = new CountMinSketch(SKETCH_WIDTH);
  #previous = new CountMinSketch(SKETCH_WIDTH);
  #window = Number.NEGATIVE_INFINITY;

  constructor(perSecondMin: number) {
    this.#perSecondMin = perSecondMin;
  }

  /** The key is asked now. Gives whether it is hot. */
  observe(key: number, nowMs: number): boolean {
    this.#advance(nowMs);
    return this.#current.add(hashOfKey(key)) > this.#perSecondMin || this.#wasHot(key);
  }

  isHot(key: number, nowMs: number): boolean {
    this.#advance(nowMs);
    return this.#current.count(hashOfKey(key)) > this.#perSecondMin || this.#wasHot(key);
  }

  #wasHot(key: number): boolean {
    return this.#previous.count(hashOfKey(key)) > this.#perSecondMin;
  }

  #advance(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window <= this.#window) return;
    const oldest = this.#previous;
    this.#previous = this.#current;
    this.#current = oldest;
    this.#current.clear();
    if (window > this.#window + 1) this.#previous.clear();
    this.#window = window;
  }
}
