/**
 * How long to wait for one DSP: the time in which it answers 95% of calls, with a little headroom, never above the
 * configured timeout. Every second that is not spent on the slowest 5% of a fast DSP is an auction that closes earlier.
 *
 * The danger of learning a timeout from calls that the timeout cuts is the death spiral: shorter waits, fewer slow
 * answers seen, shorter waits. Four things exclude it.
 * - Aborted calls are censored observations (latency-histogram.ts). More than 5% of them, and the P95 is unknown: the
 *   wait is the configured timeout again.
 * - A share of calls explores with the configured timeout, so that what lies beyond the wait stays known.
 * - A run of timeouts restores the configured timeout at once: a DSP that became slower is not mistaken for a dead one.
 * - The wait rises at once and falls slowly.
 */
import type { Random } from '../ports/random.ts';
import { LatencyHistogram, type LatencyHistogramOptions } from './latency-histogram.ts';

export interface AdaptiveTimeoutOptions {
  readonly histogram: LatencyHistogramOptions;
  /** Share of calls that the wait should suffice for, in (0, 1). */
  readonly quantile: number;
  /** With fewer calls than this in the window, the configured timeout holds. */
  readonly callCountMin: number;
  /** The wait is this times the quantile, at least 1. */
  readonly headroom: number;
  /** Share of calls that get the configured timeout all the same, to see the tail. */
  readonly explorationShare: number;
  /** Timeouts in a row after which the configured timeout holds. */
  readonly timeoutRunMax: number;
  /** Time constant at which a wait that is too long approaches its target, ms. */
  readonly decayMs: number;
}

export const ADAPTIVE_TIMEOUT_DEFAULTS: AdaptiveTimeoutOptions = {
  histogram: { windowMs: 60_000, sliceCount: 6 },
  quantile: 0.95,
  // Three calls beyond the quantile.
  callCountMin: 60,
  // A wait of exactly P95 loses 5% of a healthy DSP's answers, half of what opens its breaker. A tenth more takes up
  // the error of the estimate, and of a log-normal tail loses about 4% instead.
  headroom: 1.1,
  explorationShare: 0.02,
  timeoutRunMax: 5,
  decayMs: 10_000,
};

export interface WaitBounds {
  /** Configured longest wait for this DSP, ms; also used while too little is known. */
  readonly timeoutMs: number;
  /** Shortest wait worth a call, ms. */
  readonly timeoutMsMin: number;
}

/** How often the estimate is computed anew, ms: reading the histogram costs more than a decision may. */
const REFRESH_MS = 250;

export class AdaptiveTimeout {
  readonly histogram: LatencyHistogram;
  readonly #options: AdaptiveTimeoutOptions;
  readonly #configuredMs: number;
  readonly #floorMs: number;
  #waitMs: number;
  #medianAnswerMs = 0;
  #timeoutRun = 0;
  #refreshedAtMs: number;

  constructor(options: AdaptiveTimeoutOptions, bounds: WaitBounds, nowMs: number) {
    this.histogram = new LatencyHistogram(options.histogram, nowMs);
    this.#options = options;
    this.#configuredMs = bounds.timeoutMs;
    this.#floorMs = bounds.timeoutMsMin;
    this.#waitMs = bounds.timeoutMs;
    this.#refreshedAtMs = nowMs;
  }

  /** The wait that this DSP has now, in whole milliseconds (equal values share one serialised request). */
  waitMs(nowMs: number): number {
    if (nowMs - this.#refreshedAtMs >= REFRESH_MS) this.#refresh(nowMs);
    return Math.min(this.#configuredMs, Math.ceil(this.#waitMs));
  }

  /** The wait for one call: `waitMs`, or now and then the configured timeout to explore. */
  waitForCallMs(nowMs: number, random: Random): number {
    const waitMs = this.waitMs(nowMs);
    if (waitMs === this.#configuredMs) return waitMs;
    return random() < this.#options.explorationShare ? this.#configuredMs : waitMs;
  }

  answered(latencyMs: number, nowMs: number): void {
    this.#timeoutRun = 0;
    this.histogram.recordAnswered(latencyMs, nowMs);
  }

  /** The DSP had not answered when its wait was over. */
  timedOut(waitedMs: number, nowMs: number): void {
    this.histogram.recordCensored(waitedMs, nowMs);
    this.#timeoutRun += 1;
    if (this.#timeoutRun >= this.#options.timeoutRunMax) this.#waitMs = this.#configuredMs;
  }

  /** The auction was over first, which says nothing about the DSP but that it had not answered yet. */
  abandoned(waitedMs: number, nowMs: number): void {
    this.histogram.recordCensored(waitedMs, nowMs);
  }

  /**
   * Whether a timeout after `waitedMs` may be held against the DSP. Not if the auction left it less time than half of
   * its answers take: requests with a short tmax would make every DSP look sick to all others. No time at all never is.
   */
  isFairWait(waitedMs: number): boolean {
    return waitedMs > 0 && waitedMs >= Math.floor(Math.min(this.#medianAnswerMs, this.#configuredMs));
  }

  #refresh(nowMs: number): void {
    const { timeoutRunMax, decayMs } = this.#options;
    const elapsedMs = nowMs - this.#refreshedAtMs;
    this.#refreshedAtMs = nowMs;
    this.histogram.advance(nowMs);
    this.#medianAnswerMs = this.histogram.answeredCount === 0 ? 0 : this.histogram.answeredQuantileMs(0.5);
    if (this.#timeoutRun >= timeoutRunMax) return;
    this.#waitMs = Math.max(this.#targetMs(), this.#waitMs * Math.exp(-elapsedMs / decayMs));
  }

  #targetMs(): number {
    const { callCountMin, quantile, headroom } = this.#options;
    if (this.histogram.count < callCountMin) return this.#configuredMs;
    const wantedMs = Math.max(this.#floorMs, this.histogram.quantileMs(quantile) * headroom);
    return Math.min(this.#configuredMs, wantedMs);
  }
}
