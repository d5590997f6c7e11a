/**
 * Drops calls to a partly sick DSP in proportion to what it fails, within two seconds and without states: the share that
 * passes is a straight line from all calls at `healthyRatio` of successes to the floor at `sickRatio`.
 *
 * The success ratio is a moving average by time, so that a DSP with few calls is forgotten and forgiven as quickly as
 * one with many; the weight of a single result is bounded, so that at few calls one failure is not an illness.
 */
export interface ThrottleOptions {
  /** Share of successes from which all calls pass. */
  readonly healthyRatio: number;
  /** Share of successes at which only the floor passes. */
  readonly sickRatio: number;
  /** Share of calls that always pass. */
  readonly shareMin: number;
  /** Time constant of the moving average, ms. */
  readonly timeConstantMs: number;
  /** Largest weight of one result. */
  readonly weightMax: number;
}

export const THROTTLE_DEFAULTS: ThrottleOptions = {
  healthyRatio: 0.85,
  sickRatio: 0.2,
  shareMin: 0.01,
  timeConstantMs: 750,
  weightMax: 0.1,
};

export class Throttle {
  readonly #options: ThrottleOptions;
  #successRatio = 1;
  #recordedAtMs: number;

  constructor(options: ThrottleOptions, nowMs: number) {
    this.#options = options;
    this.#recordedAtMs = nowMs;
  }

  /** Share of calls that may pass. */
  get share(): number {
    const { healthyRatio, sickRatio, shareMin } = this.#options;
    if (this.#successRatio >= healthyRatio) return 1;
    return Math.max(shareMin, (this.#successRatio - sickRatio) / (healthyRatio - sickRatio));
  }

  record(isFailure: boolean, nowMs: number): void {
    const { timeConstantMs, weightMax } = this.#options;
    const elapsedMs = nowMs - this.#recordedAtMs;
    this.#recordedAtMs = nowMs;
    // Results that arrive together would weigh nothing: each counts as at least what 1 ms would give it.
    const weight = Math.min(weightMax, 1 - Math.exp(-Math.max(1, elapsedMs) / timeConstantMs));
    this.#successRatio += weight * ((isFailure ? 0 : 1) - this.#successRatio);
  }

  /** The DSP has proved healthy by other means. */
  reset(): void {
    this.#successRatio = 1;
  }
}
