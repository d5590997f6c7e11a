/**
 * How long to wait before a worker that died is replaced. Not at all, normally: a missing worker is missing capacity. But
 * workers that die young, one after the other, die of something that a new one has as well, and starting it costs a core.
 */
export interface RespawnDelayOptions {
  /** One that lived shorter died young, ms. */
  readonly youngMs: number;
  /** Delay behind the second in a row that died young, ms; each further one doubles it. */
  readonly firstMs: number;
  readonly longestMs: number;
}

export const RESPAWN_DELAY_DEFAULTS: RespawnDelayOptions = { youngMs: 10_000, firstMs: 500, longestMs: 30_000 };

export class RespawnDelay {
  readonly #options: RespawnDelayOptions;
  #youngDeaths = 0;

  constructor(options: RespawnDelayOptions) {
    this.#options = options;
  }

  /** Call at each death that nobody asked for; ms until the next worker may start. */
  afterDeath(livedMs: number): number {
    const { youngMs, firstMs, longestMs } = this.#options;
    this.#youngDeaths = livedMs < youngMs ? this.#youngDeaths + 1 : 0;
    if (this.#youngDeaths < 2) return 0;
    return Math.min(longestMs, firstMs * 2 ** (this.#youngDeaths - 2));
  }
}
