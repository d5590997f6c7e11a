/**
 * What a campaign's bids meet: the best competing price of each opportunity, log-normal, and how much the opportunity is
 * worth to it (the quality: predicted clicks against the usual). It wins when bid x multiplier x quality is above the price,
 * and pays the price, as in a second-price auction.
 */
import type { SeededRandom } from '../random.ts';

export interface MarketSample {
  /** Of the full bid: the price paid, and what the impression is worth. */
  readonly price: number;
  readonly value: number;
}

const SAMPLES = 4096;
const PRICE_SIGMA = 0.7;
const QUALITY_SIGMA = 0.45;

/** Sorted by how low the multiplier may be for the sample still to be won, so the wins at a multiplier are a prefix. */
export class Market {
  readonly #wonAbove: Float64Array;
  readonly #prices: Float64Array;
  readonly #values: Float64Array;
  /** Mean price of an opportunity at full bid, losses as 0, per unit of the bid. */
  readonly meanSpend: number;
  readonly meanPrice: number;

  /** `strength`: the full bid over the median competing price. */
  constructor(strength: number, random: SeededRandom) {
    const samples = Array.from({ length: SAMPLES }, () => {
      const value = random.logNormal(1, QUALITY_SIGMA);
      const price = random.logNormal(1 / strength, PRICE_SIGMA);
      return { price, value, wonAbove: price / value };
    }).sort((a, b) => a.wonAbove - b.wonAbove);
    this.#wonAbove = Float64Array.from(samples, ({ wonAbove }) => wonAbove);
    this.#prices = Float64Array.from(samples, ({ price }) => price);
    this.#values = Float64Array.from(samples, ({ value }) => value);
    const won = this.#wins(1);
    let spend = 0;
    for (let sample = 0; sample < won; sample++) spend += this.#prices[sample]!;
    this.meanSpend = spend / SAMPLES;
    this.meanPrice = spend / Math.max(1, won);
  }

  winRate(multiplier: number): number {
    return this.#wins(multiplier) / SAMPLES;
  }

  /** Index of one of the opportunities won at this multiplier. */
  draw(winRate: number, random: SeededRandom): number {
    return Math.floor(random.next() * winRate * SAMPLES);
  }

  priceOf(sample: number): number {
    return this.#prices[sample]!;
  }

  valueOf(sample: number): number {
    return this.#values[sample]!;
  }

  #wins(multiplier: number): number {
    let low = 0;
    let high = SAMPLES;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#wonAbove[middle]! < multiplier) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
