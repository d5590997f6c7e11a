/** The last `capacity` values: a ring buffer on one typed array. */
export class RollingWindow {
  /** Filled in `[0, count)`, in no particular order once full. */
  readonly values: Float64Array;
  #next = 0;
  #count = 0;

  /** `capacity` is at least 1. */
  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Replaces the oldest value when full. */
  push(value: number): void {
    this.values[this.#next] = value;
    this.#next = (this.#next + 1) % this.values.length;
    if (this.#count < this.values.length) this.#count++;
  }
}
