/** The mean time between requests that could go to a DSP: the inverse of its traffic, over the latest twenty or so. */
const WEIGHT = 1 / 20;
/** A quiet night is not a rate: longer gaps count as this, ms. */
const GAP_MS_MAX = 1000;

export class OfferGap {
  /** Unknown counts as busy. */
  #meanMs = 0;
  #offeredAtMs: number;

  constructor(nowMs: number) {
    this.#offeredAtMs = nowMs;
  }

  get meanMs(): number {
    return this.#meanMs;
  }

  offered(nowMs: number): void {
    this.#meanMs += (Math.min(GAP_MS_MAX, nowMs - this.#offeredAtMs) - this.#meanMs) * WEIGHT;
    this.#offeredAtMs = nowMs;
  }
}
