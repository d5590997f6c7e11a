/**
 * What impressions are worth to bidders, so that the prices come out that the market is to have.
 *
 * Every bidder gives an impression a score: partly common to all (some impressions are good for anybody), partly its interest
 * in this user, partly its own affair. A placement's prices turn scores into values: the score that is second highest in, say,
 * a tenth of all sales becomes the price that a tenth of its sales were made at or below. As all bidders use the same rising
 * function, the second highest value of an auction is the value of the second highest score, so a second-price auction of
 * truthful bidders pays just these prices, atoms, floors and all; and first-price bidders meet the same competition.
 */
import type { PlacementFacts } from './market-facts.ts';

/** How the two best scores of auctions are distributed. */
export class ScoreStatistics {
  readonly #highest: Float64Array;
  readonly #second: Float64Array;

  /** Highest and second highest scores of as many auctions; -Infinity where there was no such bidder. */
  constructor(highest: Float64Array, second: Float64Array) {
    this.#highest = highest.slice().sort();
    this.#second = second.slice().sort();
  }

  /** Share of auctions whose highest score is below this one. */
  highestBelow(score: number): number {
    return shareBelow(this.#highest, score);
  }

  /** Share of auctions whose second highest score is below this one. */
  secondBelow(score: number): number {
    return shareBelow(this.#second, score);
  }
}

/** With a part for how far the score is on its way to the next one. */
function shareBelow(sorted: Float64Array, score: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < score) low = middle + 1;
    else high = middle;
  }
  if (low === 0 || low === sorted.length) return low / sorted.length;
  const before = sorted[low - 1]!;
  const part = before === Number.NEGATIVE_INFINITY ? 0 : (score - before) / (sorted[low]! - before);
  return (low - 1 + part) / sorted.length;
}

/** Turns scores into values at one placement. */
export class PlacementValues {
  readonly placement: PlacementFacts;
  /** Share of requests that find a buyer at or above the floor. */
  readonly saleRate: number;
  readonly #statistics: ScoreStatistics;
  /** The score that is worth the floor. */
  readonly #floorScore: number;
  readonly #unsold: number;
  readonly #secondBelowFloor: number;

  constructor(placement: PlacementFacts, statistics: ScoreStatistics) {
    this.placement = placement;
    this.#statistics = statistics;
    this.#floorScore = placement.floorFen === 0 ? Number.NEGATIVE_INFINITY : floorScore(placement, statistics);
    this.#unsold = statistics.highestBelow(this.#floorScore);
    this.#secondBelowFloor = statistics.secondBelow(this.#floorScore);
    this.saleRate = 1 - this.#unsold;
  }

  /** Whether a bidder with this score would pay the floor. */
  isSold(score: number): boolean {
    return score >= this.#floorScore;
  }

  /** Fen per mille. */
  valueFen(score: number): number {
    const { floorFen, pricesFen, atFloorShare } = this.placement;
    const secondBelow = this.#statistics.secondBelow(score);
    // Below the floor no sale tells anything: evenly by rank.
    if (score < this.#floorScore) return (floorFen * secondBelow) / this.#secondBelowFloor;
    // Of the sales: those at a price up to this value.
    const share = (secondBelow - this.#unsold) / (1 - this.#unsold);
    const priceFen = share <= atFloorShare ? floorFen : pricesFen.quantile((share - atFloorShare) / (1 - atFloorShare));
    return priceFen + TIE_FEN * this.#statistics.highestBelow(score);
  }
}

/** Many values are the same whole price: the better score is worth a little more, so that it wins. */
const TIE_FEN = 0.4;
const SCORE_MIN = -8;
const SCORE_MAX = 8;
/**
 * Logs of sales do not tell how many requests found no buyer. Of each placement at least this share does: where that leaves fewer
 * sales at the floor than there are, bidders bid just the floor.
 */
const SALE_RATE_MIN = 0.3;

/** The score that is worth the floor: as many sales end there because only the winner was ready to pay it. */
function floorScore({ atFloorShare }: PlacementFacts, statistics: ScoreStatistics): number {
  let low = SCORE_MIN;
  let high = SCORE_MAX;
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    const unsold = statistics.highestBelow(middle);
    const isTooHigh =
      unsold > 1 - SALE_RATE_MIN || statistics.secondBelow(middle) - unsold > atFloorShare * (1 - unsold);
    if (isTooHigh) high = middle;
    else low = middle;
  }
  return low;
}
