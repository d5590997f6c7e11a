/**
 * What is done at which utilisation. Refusing follows the utilisation of the moment: it protects those already admitted, and
 * a request too many is a request too many now. Degrading follows a smoothed one, enters at once and leaves late: it changes
 * what every auction costs, so it must not follow each burst, and leaving lowers the very load that made it enter.
 */

/** Below: all are taken in full service. */
export const SIGNAL_FROM = 0.7;
/** From here requests worth more than the P95 are kept and half of the rest refused. */
export const SHED_FROM = 0.9;
/** The limit is reached: all of the rest is refused. Half would not do, as half of ten times too much is five times too much. */
export const FULL_FROM = 1;
/**
 * Nothing fits any more: valued requests are refused too, or twenty times too much would be let in by its best twentieth.
 * Lower guards p99 at ten times too much, higher keeps more of what is worth most: docs/overload.md has the figures.
 */
export const CEILING_FROM = 1.5;

/** 0 full service; 1 fewer DSPs, longer cache lives; 2 fewest DSPs, longest cache lives, no model. */
export type DegradeLevel = 0 | 1 | 2;

/** Closed list in order of pressure; the index is the degrade level. */
export const ZONES = ['open', 'signal', 'shed'] as const;
export type Zone = (typeof ZONES)[number];

export interface ZoneOptions {
  /** Time constant of the smoothed utilisation, ms. */
  readonly smoothingMs: number;
  /** A zone is left downwards when the smoothed utilisation is this far below its entry ... */
  readonly hysteresis: number;
  /** ... and the last change is this old, ms; one zone at a time. */
  readonly dwellMs: number;
}

/** Smoothing never sees more than this: a loop blocked for a second must not be held against the next ten. */
const UTILISATION_SEEN_MAX = CEILING_FROM;
const ENTRY = [0, SIGNAL_FROM, SHED_FROM] as const;

/** Whether one request is refused at this utilisation; `random` is uniform in [0, 1). Never below `SHED_FROM`. */
export function refuses(utilisation: number, valued: boolean, random: number): boolean {
  if (utilisation < SHED_FROM) return false;
  if (utilisation >= CEILING_FROM) return true;
  if (valued) return false;
  return utilisation >= FULL_FROM || random < 0.5;
}

export class ZoneTracker {
  readonly #options: ZoneOptions;
  #level: DegradeLevel = 0;
  #smoothed = 0;
  #last = 0;
  #lastMs: number;
  #changedMs: number;

  constructor(options: ZoneOptions, nowMs: number) {
    this.#options = options;
    this.#lastMs = nowMs;
    this.#changedMs = nowMs;
  }

  get level(): DegradeLevel {
    return this.#level;
  }

  get zone(): Zone {
    return ZONES[this.#level];
  }

  get smoothedUtilisation(): number {
    return this.#smoothed;
  }

  /** Each value counts for as long as it held, so that busy moments do not outvote quiet ones by their number of calls. */
  observe(utilisation: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    if (elapsedMs > 0) {
      this.#smoothed += (this.#last - this.#smoothed) * (1 - Math.exp(-elapsedMs / this.#options.smoothingMs));
      this.#lastMs = nowMs;
      this.#move(nowMs);
    }
    this.#last = Math.min(utilisation, UTILISATION_SEEN_MAX);
  }

  #move(nowMs: number): void {
    const entered = this.#smoothed >= SHED_FROM ? 2 : this.#smoothed >= SIGNAL_FROM ? 1 : 0;
    if (entered > this.#level) this.#change(entered, nowMs);
    else if (this.#mayLeave(nowMs)) this.#change((this.#level - 1) as DegradeLevel, nowMs);
  }

  #mayLeave(nowMs: number): boolean {
    if (this.#level === 0 || nowMs - this.#changedMs < this.#options.dwellMs) return false;
    return this.#smoothed < ENTRY[this.#level] - this.#options.hysteresis;
  }

  #change(level: DegradeLevel, nowMs: number): void {
    this.#level = level;
    this.#changedMs = nowMs;
  }
}
