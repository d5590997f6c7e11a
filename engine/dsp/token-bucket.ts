/** Queries per second that a DSP has agreed to. In any t seconds at most `burst + ratePerSecond x t` tokens are taken. */
export interface TokenBucketOptions {
  readonly ratePerSecond: number;
  /** How much of unused rate may be taken at once, ms; at least one token. */
  readonly burstMs: number;
}

/** A tenth of a second: even of bursts the DSP sees its agreed rate in every second, up to 10%. */
export const BURST_MS_DEFAULT = 100;

/** Tokens that a full bucket holds. */
export function bucketCapacity({ ratePerSecond, burstMs }: TokenBucketOptions): number {
  return Math.max(1, (ratePerSecond / 1000) * burstMs);
}

export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #refilledAtMs: number;

  constructor(options: TokenBucketOptions, nowMs: number) {
    this.#perMs = options.ratePerSecond / 1000;
    this.#capacity = bucketCapacity(options);
    this.#tokens = this.#capacity;
    this.#refilledAtMs = nowMs;
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    const refilled = this.#tokens + Math.max(0, nowMs - this.#refilledAtMs) * this.#perMs;
    this.#tokens = Math.min(this.#capacity, refilled);
    this.#refilledAtMs = Math.max(nowMs, this.#refilledAtMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
