/** When to ask again after refusals in a row: each wait is twice the one before, up to a bound. */
export class Backoff {
  #waitMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  get untilMs(): number {
    return this.#untilMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  refuse(firstMs: number, maxMs: number, nowMs: number): void {
    this.#waitMs = Math.min(maxMs, Math.max(firstMs, this.#waitMs * 2));
    this.#untilMs = nowMs + this.#waitMs;
  }

  reset(): void {
    this.#waitMs = 0;
    this.#untilMs = Number.NEGATIVE_INFINITY;
  }
}
