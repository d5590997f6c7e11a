/**
 * The way back of a DSP under suspicion: which share of calls it gets while its breaker is not closed or it is out of
 * rotation.
 *
 * It starts at a floor that never ends. After a clean streak, long enough not to be taken in by a DSP that flaps, each
 * success multiplies the share and each failure takes one step back. A DSP that fell ill again soon after its last
 * recovery must stay clean for longer each time; the first relapse is free, since two incidents in a row are common.
 */
export interface RecoveryOptions {
  /** Share of calls that always pass, and with which the way back begins. */
  readonly shareMin: number;
  /** A call passes at the latest this long after the last one, ms: at a low rate a share alone would take forever. */
  readonly probeIntervalMs: number;
  /** The streak of successes that must come first: how many, and over how long, ms. */
  readonly cleanCountMin: number;
  readonly cleanMs: number;
  /** The streak must be this many times longer with each further relapse, up to a bound, ms. */
  readonly relapseFactor: number;
  readonly cleanMsMax: number;
  /** Illness this long after a recovery is a new one, ms. */
  readonly calmMs: number;
  /** A success multiplies the share by this, a failure divides it. */
  readonly growth: number;
}

export const RECOVERY_DEFAULTS: RecoveryOptions = {
  shareMin: 0.01,
  probeIntervalMs: 750,
  cleanCountMin: 3,
  cleanMs: 3500,
  relapseFactor: 4,
  cleanMsMax: 60_000,
  calmMs: 60_000,
  growth: 3,
};

export class Recovery {
  readonly #options: RecoveryOptions;
  #share = 1;
  #isActive = false;
  /** Whether the streak has been long enough since the recovery began. */
  #wasClean = false;
  #cleanCount = 0;
  #cleanSinceMs = 0;
  #relapses = 0;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Whether the DSP is under suspicion. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Share of calls that may pass; 1 unless under suspicion. */
  get share(): number {
    return this.#share;
  }

  /** Back to the floor: the DSP has fallen ill, or ill again on its way back. */
  begin(nowMs: number): void {
    const { shareMin, calmMs } = this.#options;
    const isRelapse = this.#isActive ? this.#wasClean : nowMs - this.#recoveredAtMs < calmMs;
    if (isRelapse) this.#relapses += 1;
    else if (!this.#isActive) this.#relapses = 0;
    this.#wasClean = false;
    this.#isActive = true;
    this.#share = shareMin;
    this.#cleanCount = 0;
  }

  /** All calls pass again. */
  end(nowMs: number): void {
    this.#isActive = false;
    this.#share = 1;
    this.#recoveredAtMs = nowMs;
  }

  /** A probe has ended. The share rises only if `mayRise`. */
  record(isFailure: boolean, mayRise: boolean, nowMs: number): void {
    if (isFailure) {
      this.#cleanCount = 0;
      this.#share = Math.max(this.#options.shareMin, this.#share / this.#options.growth);
      return;
    }
    if (this.#cleanCount === 0) this.#cleanSinceMs = nowMs;
    this.#cleanCount += 1;
    if (this.isClean(nowMs)) this.#wasClean = true;
    if (mayRise && this.#wasClean) this.#share = Math.min(1, this.#share * this.#options.growth);
  }

  /** Whether the streak of successes is long enough. */
  isClean(nowMs: number): boolean {
    return this.#cleanCount >= this.#options.cleanCountMin && nowMs - this.#cleanSinceMs >= this.#cleanMsNeeded();
  }

  #cleanMsNeeded(): number {
    const { cleanMs, cleanMsMax, relapseFactor } = this.#options;
    if (this.#relapses <= 1) return cleanMs;
    return Math.min(cleanMsMax, cleanMs * relapseFactor ** (this.#relapses - 1));
  }
}
