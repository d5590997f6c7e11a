/**
 * How late the event loop has been in the last moments, from a tick that should come every so many ms. While the loop is
 * blocked until `b`, whoever arrives at `t` waits `b - t`; the mean of that over the window is what an arrival at a random
 * moment waited. A pause of 40 ms weighs little in it, one of 200 ms fills it, and a loop whose every turn takes 20 ms shows
 * the 10 ms that its arrivals wait. The largest lateness would see all three alike, the mean over ticks would see none:
 * a blocked loop ticks seldom.
 */
export interface LoopDelayOptions {
  /** How far back the delay looks, ms. */
  readonly windowMs: number;
  /** A tick up to this late is no news: timers round to 1 ms. */
  readonly toleranceMs: number;
  /** From this lateness on the loop counts as blocked, ms. */
  readonly blockedMsMin: number;
}

/** Late ticks kept; at one per 10 ms they reach back more than half a second even when every one is late. */
const LATE_TICKS_MAX = 64;

export class LoopDelayWindow {
  readonly #options: LoopDelayOptions;
  /** Rings: when a late tick was due and when it came. */
  readonly #due = new Float64Array(LATE_TICKS_MAX).fill(Number.NEGATIVE_INFINITY);
  readonly #came = new Float64Array(LATE_TICKS_MAX).fill(Number.NEGATIVE_INFINITY);
  #next = 0;
  #nextDueMs = Number.POSITIVE_INFINITY;

  constructor(options: LoopDelayOptions) {
    this.#options = options;
  }

  /** The tick that was expected has come; the next is due at `nextDueMs`. */
  ticked(nowMs: number, nextDueMs: number): void {
    if (nowMs - this.#nextDueMs > this.#options.toleranceMs) {
      this.#due[this.#next] = this.#nextDueMs;
      this.#came[this.#next] = nowMs;
      this.#next = (this.#next + 1) % LATE_TICKS_MAX;
    }
    this.#nextDueMs = nextDueMs;
  }

  /** Mean wait of an arrival in the window, ms; a tick that is overdue right now counts up to now. */
  delayMs(nowMs: number): number {
    const fromMs = nowMs - this.#options.windowMs;
    let area = this.#isOverdue(nowMs) ? waitArea(this.#nextDueMs, nowMs, fromMs) : 0;
    for (let back = 1; back <= LATE_TICKS_MAX; back++) {
      const index = (this.#next - back + LATE_TICKS_MAX) % LATE_TICKS_MAX;
      if (this.#came[index]! <= fromMs) break;
      area += waitArea(this.#due[index]!, this.#came[index]!, fromMs);
    }
    return area / this.#options.windowMs;
  }

  /**
   * For how long the loop was blocked between two moments, ms, as known at `nowMs`; to the ring's reach. A block is seen from
   * the first tick it delays, and counts when it delays that by `blockedMsMin`.
   */
  blockedMsBetween(fromMs: number, toMs: number, nowMs: number): number {
    let blockedMs = this.#blockedPart(this.#nextDueMs, nowMs, fromMs, toMs);
    for (let back = 1; back <= LATE_TICKS_MAX; back++) {
      const index = (this.#next - back + LATE_TICKS_MAX) % LATE_TICKS_MAX;
      const cameMs = this.#came[index]!;
      if (cameMs <= fromMs) break;
      blockedMs += this.#blockedPart(this.#due[index]!, cameMs, fromMs, toMs);
    }
    return blockedMs;
  }

  #blockedPart(dueMs: number, cameMs: number, fromMs: number, toMs: number): number {
    if (cameMs - dueMs < this.#options.blockedMsMin) return 0;
    return Math.max(0, Math.min(cameMs, toMs) - Math.max(dueMs, fromMs));
  }

  #isOverdue(nowMs: number): boolean {
    return nowMs - this.#nextDueMs > this.#options.toleranceMs;
  }
}

/** Integral of the wait over the arrivals of a block that lie in the window. */
function waitArea(blockedFromMs: number, blockedToMs: number, windowFromMs: number): number {
  const seenMs = blockedToMs - Math.max(blockedFromMs, windowFromMs);
  return (seenMs * seenMs) / 2;
}
