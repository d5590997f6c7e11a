/**
 * Circuit breaker of one DSP: closed, open, half-open.
 *
 * It opens on too many errors of all calls over a long window, or on an unbroken run of failures, which shows a dead DSP
 * within half a second. It stays open for a back-off that doubles each time, unless its owner has seen it answer
 * cleanly before (`endBackOff`). Half open, it judges a number of probes. How many calls pass while it is not closed is
 * decided by `Recovery`; the breaker only judges.
 */
import type { Random } from '../ports/random.ts';
import { OutcomeWindow, type OutcomeWindowOptions } from './outcome-window.ts';

export interface BreakerOptions {
  readonly window: OutcomeWindowOptions;
  /** Opens above this share of failed calls in the window. */
  readonly errorRatioMax: number;
  /** ... of at least this many calls. */
  readonly callCountMin: number;
  /** Opens after this many failures in a row ... */
  readonly failureRunMax: number;
  /** ... that have lasted at least this long, ms: a hiccup of the network can fail many calls at once. */
  readonly failureRunMsMin: number;
  /** First back-off, ms; the n-th is 2^n times as long. */
  readonly backOffMs: number;
  readonly backOffMsMax: number;
  /** Up to this share is added to a back-off, so that many processes do not come back together. */
  readonly jitterShare: number;
  /** Probes to judge, and the share of them that must succeed to close. */
  readonly probeCount: number;
  readonly probeSuccessRatioMin: number;
  /** After this long closed, the next back-off is a first one, ms. */
  readonly calmMs: number;
}

export const BREAKER_DEFAULTS: BreakerOptions = {
  window: { windowMs: 60_000, sliceCount: 12 },
  errorRatioMax: 0.1,
  callCountMin: 100,
  failureRunMax: 10,
  failureRunMsMin: 500,
  backOffMs: 30_000,
  backOffMsMax: 300_000,
  jitterShare: 0.2,
  probeCount: 100,
  probeSuccessRatioMin: 0.9,
  calmMs: 60_000,
};

export type BreakerState = 'closed' | 'open' | 'half-open';

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #window: OutcomeWindow;
  readonly #probeFailuresMax: number;
  #state: BreakerState = 'closed';
  #failureRun = 0;
  #failingSinceMs = 0;
  /** Times opened without a calm period between; the exponent of the next back-off. */
  #openings = 0;
  #openUntilMs = 0;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  #probes = 0;
  #probeFailures = 0;

  constructor(options: BreakerOptions, nowMs: number) {
    this.#options = options;
    this.#window = new OutcomeWindow(options.window, nowMs);
    // The small term undoes the rounding of 1 - 0.9.
    this.#probeFailuresMax = Math.floor(options.probeCount * (1 - options.probeSuccessRatioMin) + 1e-9);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Share of failed calls in the window, null without calls. The window starts anew each time the breaker closes. */
  errorRatio(nowMs: number): number | null {
    this.#window.advance(nowMs);
    return this.#window.count === 0 ? null : this.#window.badRatio;
  }

  /** 0 unless open. */
  backOffRemainingMs(nowMs: number): number {
    return this.#state === 'open' ? Math.max(0, this.#openUntilMs - nowMs) : 0;
  }

  /** Half opens when the back-off is over. */
  advance(nowMs: number): void {
    if (this.#state === 'open' && nowMs >= this.#openUntilMs) this.endBackOff();
  }

  /** Half opens before its time. Does nothing unless open. */
  endBackOff(): void {
    if (this.#state !== 'open') return;
    this.#state = 'half-open';
    this.#probes = 0;
    this.#probeFailures = 0;
  }

  /**
   * A call has ended. Results of calls that are no probes count only while closed: they were sent before it opened.
   * `random` draws the jitter.
   */
  record(isFailure: boolean, isProbe: boolean, nowMs: number, random: Random): void {
    if (this.#state === 'closed') this.#recordClosed(isFailure, nowMs, random);
    else if (this.#state === 'half-open' && isProbe) this.#recordProbe(isFailure, nowMs, random);
  }

  #recordClosed(isFailure: boolean, nowMs: number, random: Random): void {
    this.#window.record(isFailure, nowMs);
    if (!isFailure) {
      this.#failureRun = 0;
      return;
    }
    if (this.#failureRun === 0) this.#failingSinceMs = nowMs;
    this.#failureRun += 1;
    if (this.#isDead(nowMs) || this.#isSick()) this.#open(nowMs, random);
  }

  #isDead(nowMs: number): boolean {
    const { failureRunMax, failureRunMsMin } = this.#options;
    return this.#failureRun >= failureRunMax && nowMs - this.#failingSinceMs >= failureRunMsMin;
  }

  #isSick(): boolean {
    const { callCountMin, errorRatioMax } = this.#options;
    return this.#window.count >= callCountMin && this.#window.badRatio > errorRatioMax;
  }

  #recordProbe(isFailure: boolean, nowMs: number, random: Random): void {
    this.#probes += 1;
    if (isFailure) this.#probeFailures += 1;
    // Not worth waiting for the last probe when the share can no longer be reached.
    if (this.#probeFailures > this.#probeFailuresMax) this.#open(nowMs, random);
    else if (this.#probes >= this.#options.probeCount) this.#close(nowMs);
  }

  #open(nowMs: number, random: Random): void {
    const { backOffMs, backOffMsMax, jitterShare, calmMs } = this.#options;
    if (this.#state === 'closed' && nowMs - this.#closedAtMs >= calmMs) this.#openings = 0;
    const plainMs = Math.min(backOffMsMax, backOffMs * 2 ** this.#openings);
    this.#state = 'open';
    this.#openings += 1;
    this.#openUntilMs = nowMs + plainMs * (1 + jitterShare * random());
  }

  #close(nowMs: number): void {
    this.#state = 'closed';
    this.#closedAtMs = nowMs;
    this.#failureRun = 0;
    this.#window.clear();
  }
}
