/**
 * How many requests may be under way at once, learned from latency: the gradient of a short-term mean against a long-term
 * baseline, as Netflix's Gradient2 does it (github.com/Netflix/concurrency-limits, Gradient2Limit), after TCP Vegas:
 *
 *   gradient = clamp(max(latencyRatioMax x baseline, latencyMsFree) / short, 0.5, 1)
 *   limit   += smoothing x (limit x gradient + sqrt(limit) - limit)
 *
 * It settles where a queue just begins to form: short = max(…) / (1 - 1 / sqrt(limit)).
 *
 * Four things differ, because of what an auction is:
 * - The latency fed is the engine's own: total minus waiting for DSPs. DSPs take 10 to 30 ms whatever we do, so in the total
 *   a doubled queue is noise; and a slow DSP would make us refuse publishers, who can do nothing about it.
 * - The baseline falls in seconds and rises in minutes, and falls only on requests in full service: a mean that followed the
 *   overload would make it the new normal within a minute, and degraded requests are cheaper than full service can be.
 * - Up to `latencyMsFree` is no queue, whatever the baseline: that of a fast engine is below a millisecond, of which one
 *   collision of two requests, or a neighbour on the machine, makes a multiple.
 * - A limit that is not in use is not proven (RFC 7661, congestion window validation): under half in use it does not
 *   grow, and until its use is signalled it shrinks no lower than twice what was in flight, so that a slow spell at low load
 *   refuses nobody.
 */
import { SIGNAL_FROM } from './zones.ts';

export interface ConcurrencyLimitOptions {
  /** Before anything is learned. */
  readonly limitInitial: number;
  /** Never lower: with too few requests in flight the CPU idles while DSPs are waited for. */
  readonly limitMin: number;
  readonly limitMax: number;
  /** Own latency up to this multiple of the baseline is no reason to shrink; above 1. */
  readonly latencyRatioMax: number;
  /** Own latency up to this is no reason to shrink either, ms. */
  readonly latencyMsFree: number;
  /** Share of a step up that is taken, 0..1: slow, as growing too far costs the latency of everybody. */
  readonly growSmoothing: number;
  /** Share of a step down, 0..1: fast, as the queue it is to shorten is already there. */
  readonly shrinkSmoothing: number;
  /** The limit is set anew after this time ... */
  readonly windowMs: number;
  /** ... and this many samples, whichever comes later. */
  readonly samplesMin: number;
  /** Time constant of a rising baseline, ms. */
  readonly baselineRiseMs: number;
  /** Time constant of a falling baseline, ms. */
  readonly baselineFallMs: number;
  /** The baseline never exceeds this: bounds what a start in overload, or hours of it, can make look normal. */
  readonly baselineMsMax: number;
}

export interface LatencySample {
  /** Own latency: total minus waiting for DSPs. */
  readonly ownLatencyMs: number;
  /** Requests under way when this one ended, itself included. */
  readonly inFlight: number;
  /** Not degraded: may lower the baseline. */
  readonly fullService: boolean;
}

const GRADIENT_MIN = 0.5;

export class ConcurrencyLimit {
  readonly #options: ConcurrencyLimitOptions;
  #limit: number;
  #baselineMs = 0;
  #shortMs = 0;
  #windowStartMs: number;
  #latencySumMs = 0;
  #samples = 0;
  #fullSumMs = 0;
  #fullSamples = 0;
  #inFlightPeak = 0;

  constructor(options: ConcurrencyLimitOptions, nowMs: number) {
    this.#options = options;
    this.#limit = options.limitInitial;
    this.#windowStartMs = nowMs;
  }

  /** Requests that may be under way, with a fraction: it is compared, not counted. */
  get limit(): number {
    return this.#limit;
  }

  /** What own latency is without a queue; 0 until the first window is complete. */
  get baselineMs(): number {
    return this.#baselineMs;
  }

  /** Mean own latency of the last complete window; 0 before. */
  get shortMs(): number {
    return this.#shortMs;
  }

  record(sample: LatencySample, nowMs: number): void {
    this.#latencySumMs += sample.ownLatencyMs;
    this.#samples++;
    if (sample.fullService) {
      this.#fullSumMs += sample.ownLatencyMs;
      this.#fullSamples++;
    }
    if (sample.inFlight > this.#inFlightPeak) this.#inFlightPeak = sample.inFlight;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < this.#options.windowMs || this.#samples < this.#options.samplesMin) return;
    this.#shortMs = this.#latencySumMs / this.#samples;
    this.#learnBaseline(elapsedMs);
    this.#step();
    this.#openWindow(nowMs);
  }

  #learnBaseline(elapsedMs: number): void {
    const { baselineRiseMs, baselineFallMs, baselineMsMax } = this.#options;
    if (this.#baselineMs === 0) this.#baselineMs = this.#shortMs;
    else if (this.#shortMs > this.#baselineMs) this.#approach(this.#shortMs, elapsedMs / baselineRiseMs);
    else if (this.#fullSamples > 0) this.#approach(this.#fullSumMs / this.#fullSamples, elapsedMs / baselineFallMs);
    this.#baselineMs = Math.min(this.#baselineMs, baselineMsMax);
  }

  #approach(latencyMs: number, share: number): void {
    this.#baselineMs += (latencyMs - this.#baselineMs) * Math.min(1, share);
  }

  #step(): void {
    const { latencyRatioMax, latencyMsFree, growSmoothing, shrinkSmoothing, limitMin, limitMax } = this.#options;
    const allowedMs = Math.max(latencyRatioMax * this.#baselineMs, latencyMsFree);
    const ratio = this.#shortMs > 0 ? allowedMs / this.#shortMs : 1;
    const gradient = Math.max(GRADIENT_MIN, Math.min(1, ratio));
    const target = this.#limit * gradient + Math.sqrt(this.#limit);
    const smoothing = target > this.#limit ? growSmoothing : shrinkSmoothing;
    let next = this.#limit + smoothing * (target - this.#limit);
    const peak = this.#inFlightPeak;
    if (peak < this.#limit / 2) next = Math.min(this.#limit, next);
    if (peak < this.#limit * SIGNAL_FROM) next = Math.max(next, Math.min(this.#limit, 2 * peak));
    this.#limit = Math.max(limitMin, Math.min(limitMax, next));
  }

  #openWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#latencySumMs = 0;
    this.#samples = 0;
    this.#fullSumMs = 0;
    this.#fullSamples = 0;
    this.#inFlightPeak = 0;
  }
}
