/**
 * What a campaign's bids meet: the best competing price of each opportunity, log-normal, and how much the opportunity is
 * worth to it (the quality: predicted clicks against the usual). It wins when bid x multiplier x quality is above the price,
 * and pays the price, as in a second-price auction.
 */
import type { SeededRandom } from '../random.ts';

const SAMPLES = 4096;
const PRICE_SIGMA = 0.7;
const QUALITY_SIGMA = 0.45;
/** So no bid, and no price that is paid, is above twice the full bid. */
export const QUALITY_MAX = 2;

export class Market {
  readonly #prices = new Float64Array(SAMPLES);
  readonly #values = new Float64Array(SAMPLES);
  /** Of all opportunities, at full bid. */
  readonly winRate: number;
  /** Mean price of an opportunity at full bid, losses as 0, per unit of the bid. */
  readonly meanSpend: number;
  readonly meanPrice: number;

  /** `strength`: the full bid over the median competing price. */
  constructor(strength: number, random: SeededRandom) {
    let won = 0;
    let spend = 0;
    for (let sample = 0; sample < SAMPLES; sample++) {
      this.#values[sample] = Math.min(QUALITY_MAX, random.logNormal(1, QUALITY_SIGMA));
      this.#prices[sample] = random.logNormal(1 / strength, PRICE_SIGMA);
      if (!this.isWon(sample, 1)) continue;
      won += 1;
      spend += this.#prices[sample]!;
    }
    this.winRate = won / SAMPLES;
    this.meanSpend = spend / SAMPLES;
    this.meanPrice = spend / Math.max(1, won);
  }

  /** An opportunity. */
  draw(random: SeededRandom): number {
    return random.integer(0, SAMPLES - 1);
  }

  isWon(sample: number, multiplier: number): boolean {
    return this.#prices[sample]! < multiplier * this.#values[sample]!;
  }

  /** Of the full bid: what is paid for it. */
  priceOf(sample: number): number {
    return this.#prices[sample]!;
  }

  /** And what it is worth. */
  valueOf(sample: number): number {
    return this.#values[sample]!;
  }
}
