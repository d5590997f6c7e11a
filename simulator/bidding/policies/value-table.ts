import { BiddingError } from '../bidding-error.ts';

/** Cells of a table: 1 GiB of doubles. */
const CELLS_MAX = 2 ** 27;

export interface ValueTableOptions {
  /** Auctions of an episode. */
  readonly auctions: number;
  /** Budget of an episode, in whole units of price. */
  readonly budget: number;
  readonly bidMax: number;
  /** Probability that the market price is 0, 1, ... `bidMax`. */
  readonly priceChances: ArrayLike<number>;
  /** Clicks by impression that future auctions are expected to have. */
  readonly ctrAverage: number;
}

/**
 * Clicks that a bidder may expect of n more auctions and a budget b, when it always bids best: the dynamic programme of
 * Cai et al., WSDM 2017. A bid of d or more buys an auction whose price is d for what b - d would have bought later, so
 * V(n, b) = V(n-1, b) + sum over d of chance(d) x max(0, CTR + V(n-1, b-d) - V(n-1, b)).
 *
 * Time is auctions x budget x bidMax, memory auctions x budget x 8 bytes. Throws a BiddingError when it would be over 1 GiB.
 */
export class ValueTable {
  readonly ctrAverage: number;
  readonly #bidMax: number;
  readonly #budget: number;
  /** [n][b], n = 0 ... auctions - 1: what is left behind this auction. */
  readonly #rows: readonly Float64Array[];

  constructor(options: ValueTableOptions) {
    const { auctions, budget, bidMax, ctrAverage } = options;
    if (auctions * (budget + 1) > CELLS_MAX) {
      throw new BiddingError(
        `${auctions} auctions with a budget of ${budget} need a table of ${auctions * (budget + 1)} values, the limit is ${CELLS_MAX}`,
      );
    }
    this.ctrAverage = ctrAverage;
    this.#bidMax = bidMax;
    this.#budget = budget;
    const rows: Float64Array[] = [new Float64Array(budget + 1)];
    while (rows.length < auctions) rows.push(nextRow(rows.at(-1)!, options));
    this.#rows = rows;
  }

  /** The highest bid that no price up to it makes a bad buy, for an impression with this probability of a click. */
  bid(ctr: number, budgetLeft: number, auctionsLeft: number): number {
    const later = this.#rows[Math.min(Math.max(auctionsLeft, 1), this.#rows.length) - 1]!;
    const budget = Math.floor(Math.min(budgetLeft, this.#budget));
    const top = Math.min(budget, this.#bidMax);
    const kept = later[budget]!;
    let price = 0;
    while (price < top && ctr + (later[budget - price - 1]! - kept) >= 0) price++;
    return price;
  }
}

/**
 * Values with one auction more. An empty purse keeps the value 0, although free impressions exist: so it was published, and
 * results hang on it by a few units. Double precision is needed too; the order of summation is not. Values grow with the
 * budget, so that behind the first price that is not worth it none is.
 */
function nextRow(later: Float64Array, { bidMax, priceChances, ctrAverage }: ValueTableOptions): Float64Array {
  const values = new Float64Array(later.length);
  for (let budget = 1; budget < values.length; budget++) {
    const kept = later[budget]!;
    const top = Math.min(budget, bidMax);
    let value = kept;
    for (let price = 0; price <= top; price++) {
      const gain = ctrAverage + (later[budget - price]! - kept);
      if (gain < 0) break;
      value += priceChances[price]! * gain;
    }
    values[budget] = value;
  }
  return values;
}
