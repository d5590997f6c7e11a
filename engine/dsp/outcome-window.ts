/** Good and bad outcomes of the last `windowMs`, in slices; memory and cost do not depend on the traffic. */
export interface OutcomeWindowOptions {
  /** Age at which outcomes are forgotten, ms. */
  readonly windowMs: number;
  /** The window moves in steps of `windowMs / sliceCount`. */
  readonly sliceCount: number;
}

export class OutcomeWindow {
  readonly #sliceMs: number;
  readonly #good: Uint32Array;
  readonly #bad: Uint32Array;
  #goodCount = 0;
  #badCount = 0;
  #slice: number;

  constructor(options: OutcomeWindowOptions, nowMs: number) {
    this.#sliceMs = options.windowMs / options.sliceCount;
    this.#good = new Uint32Array(options.sliceCount);
    this.#bad = new Uint32Array(options.sliceCount);
    this.#slice = Math.floor(nowMs / this.#sliceMs);
  }

  get count(): number {
    return this.#goodCount + this.#badCount;
  }

  /** Bad outcomes by all; 0 when there are none. */
  get badRatio(): number {
    return this.#badCount === 0 ? 0 : this.#badCount / this.count;
  }

  record(isBad: boolean, nowMs: number): void {
    this.advance(nowMs);
    const place = this.#slice % this.#good.length;
    if (isBad) {
      this.#bad[place] = this.#bad[place]! + 1;
      this.#badCount += 1;
    } else {
      this.#good[place] = this.#good[place]! + 1;
      this.#goodCount += 1;
    }
  }

  /** Forgets slices that have left the window. */
  advance(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    if (slice <= this.#slice) return;
    const sliceCount = this.#good.length;
    const expired = Math.min(slice - this.#slice, sliceCount);
    for (let i = 0; i < expired; i++) {
      const place = (slice - i) % sliceCount;
      this.#goodCount -= this.#good[place]!;
      this.#badCount -= this.#bad[place]!;
      this.#good[place] = 0;
      this.#bad[place] = 0;
    }
    this.#slice = slice;
  }

  clear(): void {
    this.#good.fill(0);
    this.#bad.fill(0);
    this.#goodCount = 0;
    this.#badCount = 0;
  }
}
