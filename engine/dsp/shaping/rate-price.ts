/**
 * What one call of a DSP with an agreed rate costs beyond its own threshold: the price at which the calls that are worth
 * it just fit the rate. It is a dual ascent: every request worth the price raises it, time lowers it, and where both
 * balance, demand is the rate. So the agreed calls go to the dearest requests, not to the first ones; the token bucket
 * stays the judge of the rate itself.
 */

import { bucketCapacity, type TokenBucketOptions } from '../token-bucket.ts';

/** How fast the price moves when demand is twice the rate: e-folds a second. */
const E_FOLDS_PER_SECOND = 0.5;
/** A pause in the traffic says nothing about what calls are worth: no more than this counts, ms. */
const PAUSE_MS_MAX = 250;
/** e^0 = 1 CPM micro is as good as free, e^24 is 26,000 units of currency per mille. */
const LOG_MICROS_MAX = 24;

export class RatePrice {
  readonly #riseOfCall: number;
  readonly #fallPerMs: number;
  #logMicros = 0;
  #movedAtMs: number;

  /** `rate`: as the token bucket has it. */
  constructor(rate: TokenBucketOptions, nowMs: number) {
    this.#riseOfCall = E_FOLDS_PER_SECOND / rate.ratePerSecond;
    this.#fallPerMs = (E_FOLDS_PER_SECOND * demandTarget(rate)) / 1000;
    this.#movedAtMs = nowMs;
  }

  get priceMicros(): number {
    return Math.exp(this.#logMicros);
  }

  /** Whether a call of that expected value, CPM micros, is worth one of the agreed calls. Moves the price. */
  isWorth(valueMicros: number, nowMs: number): boolean {
    const passedMs = Math.min(PAUSE_MS_MAX, Math.max(0, nowMs - this.#movedAtMs));
    this.#movedAtMs = Math.max(nowMs, this.#movedAtMs);
    this.#logMicros = Math.max(0, this.#logMicros - passedMs * this.#fallPerMs);
    if (valueMicros < this.priceMicros) return false;
    this.#logMicros = Math.min(LOG_MICROS_MAX, this.#logMicros + this.#riseOfCall);
    return true;
  }
}

/**
 * Demand in calls per agreed call: more than one, since requests come unevenly and a token that finds the bucket full is
 * lost. A bucket of one token loses most, and needs several requests for each to be taken.
 */
function demandTarget(rate: TokenBucketOptions): number {
  return 1.1 + 4 / bucketCapacity(rate) ** 2;
}
