/** A discrete distribution of prices: atoms and all, sampled by its quantiles. Prices are fen per mille (market-facts.ts). */
export class PriceTable {
  readonly #pricesFen: Float64Array;
  /** Share of prices up to this one. */
  readonly #cumulative: Float64Array;

  /** Weights by price; need not add up to 1. Throws a RangeError when no weight is positive. */
  constructor(weights: ReadonlyMap<number, number>) {
    const atoms = [...weights].filter(([, weight]) => weight > 0).sort(([a], [b]) => a - b);
    let total = 0;
    for (const [, weight] of atoms) total += weight;
    if (!(total > 0)) throw new RangeError('no price has a weight');
    this.#pricesFen = Float64Array.from(atoms, ([price]) => price);
    let sum = 0;
    this.#cumulative = Float64Array.from(atoms, ([, weight]) => {
      sum += weight;
      return sum / total;
    });
  }

  /** The least price that `share` (0..1) of all prices are at or below. */
  quantile(share: number): number {
    const cumulative = this.#cumulative;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! < share) low = middle + 1;
      else high = middle;
    }
    return this.#pricesFen[low]!;
  }

  /** Share of prices at or below this one, 0..1. */
  shareUpTo(priceFen: number): number {
    const prices = this.#pricesFen;
    let low = 0;
    let high = prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (prices[middle]! <= priceFen) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#cumulative[low - 1]!;
  }

  /** Prices that have a share, ascending. */
  get pricesFen(): ArrayLike<number> {
    return this.#pricesFen;
  }

  /** Share of prices that are just this one. */
  shareAt(index: number): number {
    return this.#cumulative[index]! - (index === 0 ? 0 : this.#cumulative[index - 1]!);
  }

  get meanFen(): number {
    let sum = 0;
    for (let index = 0; index < this.#pricesFen.length; index++) sum += this.#pricesFen[index]! * this.shareAt(index);
    return sum;
  }
}

/** Kolmogorov-Smirnov: the greatest distance of two cumulative distributions, 0..1. */
export function ksDistance(a: PriceTable, b: PriceTable): number {
  let greatest = 0;
  for (const table of [a, b]) {
    for (let index = 0; index < table.pricesFen.length; index++) {
      const price = table.pricesFen[index]!;
      greatest = Math.max(greatest, Math.abs(a.shareUpTo(price) - b.shareUpTo(price)));
    }
  }
  return greatest;
}
