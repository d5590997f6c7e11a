/**
 * What may be let in above the limits: a burst that ends is no overload, and waiting a moment serves it better than a
 * refusal does (CoDel makes the same difference between a queue that drains and one that stands). Each request that would
 * have been refused takes one unit; calm brings them back. So an overload that lasts costs its first moment a queue of a
 * known length, once, and a process that has just started, or has been calm, refuses no burst of that size.
 */
export interface BurstCreditOptions {
  readonly creditMax: number;
  /** From none to all in calm, ms. */
  readonly refillMs: number;
}

export class BurstCredit {
  readonly #options: BurstCreditOptions;
  #credit: number;
  #lastMs: number;

  constructor(options: BurstCreditOptions, nowMs: number) {
    this.#options = options;
    this.#credit = options.creditMax;
    this.#lastMs = nowMs;
  }

  get credit(): number {
    return this.#credit;
  }

  /** `isCalm` says what has been since the last call. */
  observe(isCalm: boolean, nowMs: number): void {
    const { creditMax, refillMs } = this.#options;
    const elapsedMs = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs += elapsedMs;
    if (isCalm) this.#credit = Math.min(creditMax, this.#credit + (creditMax * elapsedMs) / refillMs);
  }

  /** Takes one unit if there is one. */
  take(): boolean {
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }
}
