/**
 * The part of a campaign's target that one process steers: its part of what all have spent lately, which each process can
 * tell by itself from its own spend and from what is left of the budget, as it learns with each lease. Nobody counts
 * centrally.
 *
 * Spending what one has spent before would freeze the parts as they are when users move from one process to another, and
 * leave them to chance. Therefore a process that holds much back steers more than its part, and one that cannot hold back
 * any more steers less: the parts drift until all hold back equally, which is also what is best for the advertiser. What
 * that adds to or takes from the sum, the plan takes back, as it is held against what all have spent.
 */
import { clamp, type PacingSignal } from './controller.ts';

/** A process that takes 1 / k of the chances that another takes steers k to the power of this more of its part. */
const DRIFT = 0.25;
/** Of the chances taken, by throttle and bid: from here on a process steers less than its part. */
const PRESSURE_MIDDLE = 0.5;
/** Below this a process holds back for other reasons than its part. */
const PRESSURE_MIN = 0.005;
const PRESSURE_MS = 120_000;
/** Spend counts 1/e after so long. */
const MEMORY_MS = 1_200_000;
/** No part is so small that it could not grow again. */
const SHARE_MIN = 0.005;

export class ProcessShare {
  #own: number;
  #all: number;
  #unspent: number;
  #ownSince = 0;
  #observedAtMs: number;
  #pressure = PRESSURE_MIDDLE;

  /** `share`: of this process in the lease traffic of the budget store; believed as much as `weightNanos` of spend. */
  constructor(share: number, weightNanos: number, unspent: number, nowMs: number) {
    this.#own = clamp(share, 0, 1) * weightNanos;
    this.#all = weightNanos;
    this.#unspent = unspent;
    this.#observedAtMs = nowMs;
  }

  /** `ownSpent`: by this process since the last call. `unspent`: of all as last known, which may be the same as before. */
  observe(ownSpent: number, unspent: number, nowMs: number): void {
    this.#ownSince += ownSpent;
    if (unspent === this.#unspent) return;
    const kept = Math.exp(-Math.max(0, nowMs - this.#observedAtMs) / MEMORY_MS);
    // More is left than before when the budget was raised or a lease came back: nothing of that was spent.
    const spent = Math.max(this.#ownSince, this.#unspent - unspent);
    this.#own = this.#own * kept + this.#ownSince;
    this.#all = this.#all * kept + spent;
    this.#unspent = unspent;
    this.#ownSince = 0;
    this.#observedAtMs = nowMs;
  }

  /** Of what all have spent lately. */
  get current(): number {
    return this.#all > 0 ? Math.max(SHARE_MIN, this.#own / this.#all) : 1;
  }

  /** To be steered by this process, in [0, 1], which took part like this for `elapsedMs`. */
  next({ throttle, multiplier }: PacingSignal, elapsedMs: number): number {
    this.#pressure += (1 - Math.exp(-elapsedMs / PRESSURE_MS)) * (throttle * multiplier - this.#pressure);
    return Math.min(1, this.current * (PRESSURE_MIDDLE / Math.max(PRESSURE_MIN, this.#pressure)) ** DRIFT);
  }
}
