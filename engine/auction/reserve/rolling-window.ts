/** The last `capacity` values: a ring buffer on one typed array, which grows with what it holds. */
export class RollingWindow {
  readonly #capacity: number;
  #values: Float64Array;
  #next = 0;
  #count = 0;

  /** `capacity` is at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#values = new Float64Array(Math.min(FIRST_LENGTH, capacity));
  }

  /** Filled in `[0, count)`, in no particular order once full. Replaced when the window grows: do not keep it. */
  get values(): Float64Array {
    return this.#values;
  }

  get count(): number {
    return this.#count;
  }

  /** Replaces the oldest value when full. */
  push(value: number): void {
    if (this.#count === this.#values.length && this.#count < this.#capacity) this.#grow();
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.#capacity;
    if (this.#count < this.#capacity) this.#count++;
  }

  #grow(): void {
    const grown = new Float64Array(Math.min(2 * this.#values.length, this.#capacity));
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Most placements are seldom seen. */
const FIRST_LENGTH = 64;
