/**
 * What a market is to look like: read from real logs (real-market.ts) or our own invention (own-market.ts). Users, sessions
 * and DSPs are then made so that it comes out.
 *
 * Prices are CNY fen per thousand impressions, as in the logs that calibrate the market: 100 fen CPM are 1 of the exchange's
 * currency CPM, whatever that is. So 70 fen are a bid of 0.70.
 */
import { PriceTable } from './price-table.ts';
import type { Quantiles } from './quantiles.ts';

export const FEN_PER_UNIT = 100;

export interface MarketFacts {
  /** Where they are from; for people. */
  readonly source: string;
  /** Null: the market is our own invention, there is nothing to compare with. */
  readonly real: RealFigures | null;
  readonly placements: readonly PlacementFacts[];
  /** Relative traffic by hour of the week, Monday 00h first, in the time of the users' place. */
  readonly hourOfWeek: readonly number[];
  readonly place: Place;
  /** Of an ad in a slot of this size (`300x250`), all else average, 0..1. */
  readonly clickRateBySize: ReadonlyMap<string, number>;
  /** In sizes that are not among them. */
  readonly clickRateUsual: number;
  /** Odds of a click by visibility, against the average. */
  readonly clickOddsByVisibility: Readonly<Record<Visibility, number>>;
  /** Round trips between hosts anywhere, ms. */
  readonly rttMs: Quantiles;
}

export type Visibility = 'first' | 'second' | 'other' | 'unknown';

export interface Place {
  /** ISO 3166-1 alpha-3. */
  readonly country: string;
  readonly utcOffsetMin: number;
}

/** Ad slots that are alike: one kind of page of one exchange. */
export interface PlacementFacts {
  readonly exchange: string;
  readonly width: number;
  readonly height: number;
  readonly visibility: Visibility;
  /** 0 = none. */
  readonly floorFen: number;
  /** Relative number of impressions, not of requests: some of these find no buyer. */
  readonly impressions: number;
  /** Of impressions: whose price was the floor, 0..1. */
  readonly atFloorShare: number;
  /** Prices paid above the floor. */
  readonly pricesFen: PriceTable;
}

/** What simulated figures are put beside. */
export interface RealFigures {
  readonly pricesFen: PriceTable;
  /** By exchange: share of impressions sold at the floor, 0..1. */
  readonly atFloorByExchange: ReadonlyMap<string, number>;
  /** By exchange: share of impressions. */
  readonly shareByExchange: ReadonlyMap<string, number>;
  /** By size: clicks per impression. */
  readonly clickRateBySize: ReadonlyMap<string, number>;
  /** Share of a day's impressions by local hour. */
  readonly shareByHour: readonly number[];
}

/** What impressions of all placements together are sold at. */
export function pricesOf(placements: readonly PlacementFacts[]): PriceTable {
  const weights = new Map<number, number>();
  const add = (price: number, weight: number): void => {
    weights.set(price, (weights.get(price) ?? 0) + weight);
  };
  for (const { floorFen, atFloorShare, impressions, pricesFen } of placements) {
    if (atFloorShare > 0) add(floorFen, impressions * atFloorShare);
    for (let index = 0; index < pricesFen.pricesFen.length; index++) {
      add(pricesFen.pricesFen[index]!, impressions * (1 - atFloorShare) * pricesFen.shareAt(index));
    }
  }
  return new PriceTable(weights);
}
