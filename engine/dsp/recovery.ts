/**
 * The way back of a DSP under suspicion: which share of calls it gets while its breaker is not closed or it is out of
 * rotation.
 *
 * It starts at a floor that never ends. After a clean streak, long enough not to be taken in by a DSP that flaps, each
 * success multiplies the share and each failure takes one step back. A DSP that fell ill again soon after its last
 * recovery must stay clean for longer each time; the first relapses are free, since incidents come in company.
 */
import type { Random } from '../ports/random.ts';

export interface RecoveryOptions {
  /** Share of calls that always pass, and with which the way back begins. */
  readonly shareMin: number;
  /**
   * At a low rate a share alone would take forever, so a call passes at the latest this long after the last one, ms: as
   * soon as it takes up no more than `intervalShareMax` of the DSP's requests, within these bounds.
   */
  readonly intervalMsMin: number;
  readonly intervalMsMax: number;
  readonly intervalShareMax: number;
  /** The same after the streak below: the DSP is well, as it seems, and few calls are left to prove it, ms. */
  readonly intervalMsClean: number;
  /** The streak of successes that must come first: how many, and over how long, ms. */
  readonly cleanCountMin: number;
  readonly cleanMs: number;
  /** So many relapses cost nothing. */
  readonly relapsesFree: number;
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
  intervalMsMin: 750,
  // Three probes over 3.5 s must fit into the 10 s that a healed DSP may wait.
  intervalMsMax: 2500,
  intervalShareMax: 0.03,
  intervalMsClean: 250,
  cleanCountMin: 3,
  cleanMs: 3500,
  relapsesFree: 2,
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

  /**
   * Whether a call may pass, `sinceCallMs` after the last one. `share` is the least that anything allows, `offerGapMs` the
   * mean time between requests. Where the interval is the more generous of the two, it alone decides: both together would
   * be more than either allows.
   */
  passes(share: number, sinceCallMs: number, offerGapMs: number, random: Random): boolean {
    if (share >= 1) return true;
    const intervalMs = this.#intervalMs(offerGapMs);
    return sinceCallMs >= intervalMs || (share * intervalMs >= offerGapMs && random() < share);
  }

  #intervalMs(offerGapMs: number): number {
    const { intervalMsMin, intervalMsMax, intervalShareMax, intervalMsClean } = this.#options;
    if (this.#isActive && this.#wasClean) return intervalMsClean;
    return Math.min(intervalMsMax, Math.max(intervalMsMin, offerGapMs / intervalShareMax));
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
    const { cleanMs, cleanMsMax, relapsesFree, relapseFactor } = this.#options;
    return Math.min(cleanMsMax, cleanMs * relapseFactor ** Math.max(0, this.#relapses - relapsesFree));
  }
}
