/**
 * A DSP that answers under 80% of calls in time leaves the rotation: waiting for it costs every auction, even if what it
 * does answer is sound. It comes back through probes, in blocks: a block with too many late ones is thrown away.
 */
import { OutcomeWindow, type OutcomeWindowOptions } from './outcome-window.ts';

export interface RotationOptions {
  /** Shorter than the breaker's window, else the breaker, which is stricter, would always be first. */
  readonly window: OutcomeWindowOptions;
  /** Leaves below this share of calls answered in time ... */
  readonly inTimeRatioMin: number;
  /** ... of at least this many calls. */
  readonly callCountMin: number;
  /** ... and not sooner than this after it came in, ms: of a dead DSP the breaker is the judge. */
  readonly stayMsMin: number;
  /** Probes in a block, and the share of them that must be in time to return: more than to stay. */
  readonly probeCount: number;
  readonly probeInTimeRatioMin: number;
}

export const ROTATION_DEFAULTS: RotationOptions = {
  window: { windowMs: 10_000, sliceCount: 10 },
  inTimeRatioMin: 0.8,
  callCountMin: 50,
  stayMsMin: 2000,
  probeCount: 20,
  probeInTimeRatioMin: 0.9,
};

/** What a result means for the rotation. */
export type RotationChange = 'none' | 'left' | 'returned' | 'block-failed';

export class Rotation {
  readonly #options: RotationOptions;
  readonly #window: OutcomeWindow;
  readonly #probeLatesMax: number;
  #isOut = false;
  #inSinceMs: number;
  #probes = 0;
  #probeLates = 0;

  constructor(options: RotationOptions, nowMs: number) {
    this.#options = options;
    this.#window = new OutcomeWindow(options.window, nowMs);
    this.#inSinceMs = nowMs;
    // The small term undoes the rounding of 1 - 0.9.
    this.#probeLatesMax = Math.floor(options.probeCount * (1 - options.probeInTimeRatioMin) + 1e-9);
  }

  get isOut(): boolean {
    return this.#isOut;
  }

  /** Share of the window's calls answered in time; null without calls. */
  inTimeRatio(nowMs: number): number | null {
    this.#window.advance(nowMs);
    return this.#window.count === 0 ? null : 1 - this.#window.badRatio;
  }

  /** A call has ended. While out, only probes count: other calls were sent before. */
  record(isLate: boolean, isProbe: boolean, nowMs: number): RotationChange {
    this.#window.record(isLate, nowMs);
    if (!this.#isOut) return isLate && this.#isTooLate(nowMs) ? this.#leave() : 'none';
    return isProbe ? this.#recordProbe(isLate, nowMs) : 'none';
  }

  /** In rotation, with nothing held against it. */
  reset(nowMs: number): void {
    this.#isOut = false;
    this.#inSinceMs = nowMs;
    this.#window.clear();
  }

  #isTooLate(nowMs: number): boolean {
    const { callCountMin, inTimeRatioMin, stayMsMin } = this.#options;
    if (nowMs - this.#inSinceMs < stayMsMin) return false;
    return this.#window.count >= callCountMin && 1 - this.#window.badRatio < inTimeRatioMin;
  }

  #leave(): RotationChange {
    this.#isOut = true;
    this.#startBlock();
    return 'left';
  }

  #recordProbe(isLate: boolean, nowMs: number): RotationChange {
    this.#probes += 1;
    if (isLate) this.#probeLates += 1;
    if (this.#probeLates > this.#probeLatesMax) {
      this.#startBlock();
      return 'block-failed';
    }
    if (this.#probes < this.#options.probeCount) return 'none';
    this.reset(nowMs);
    return 'returned';
  }

  #startBlock(): void {
    this.#probes = 0;
    this.#probeLates = 0;
  }
}
