/**
 * A market of our own, for those without real logs: three exchanges whose shapes are of the kind that such logs show (prices
 * with atoms at round numbers, floors that many sales end at, quiet nights), with numbers that we made up.
 */
import { weeklyTraffic } from '../pacing-day/weekly-traffic.ts';
import type { MarketFacts, PlacementFacts, Visibility } from './market-facts.ts';
import { PriceTable } from './price-table.ts';
import { Quantiles } from './quantiles.ts';

export function ownMarket(): MarketFacts {
  return {
    source: 'our own invention',
    real: null,
    placements: EXCHANGES.flatMap(placementsOf),
    hourOfWeek: Array.from({ length: 7 * 24 }, (_, hour) => weeklyTraffic(hour + 0.5)),
    place: { country: 'DEU', utcOffsetMin: 60 },
    clickRateBySize: new Map(SIZES.map(({ width, height, clickRate }) => [`${width}x${height}`, clickRate])),
    clickRateUsual: 0.001,
    clickOddsByVisibility: { first: 1.5, second: 0.7, other: 1, unknown: 1 },
    rttMs: new Quantiles(RTT_MS),
  };
}

const SIZES = [
  { width: 300, height: 250, share: 0.4, level: 1.2, clickRate: 0.0012 },
  { width: 728, height: 90, share: 0.25, level: 0.8, clickRate: 0.0008 },
  { width: 320, height: 50, share: 0.2, level: 0.7, clickRate: 0.0015 },
  { width: 160, height: 600, share: 0.15, level: 0.9, clickRate: 0.0007 },
] as const;

const VISIBILITIES: readonly { readonly visibility: Visibility; readonly share: number; readonly level: number }[] = [
  { visibility: 'first', share: 0.4, level: 1.2 },
  { visibility: 'second', share: 0.6, level: 0.85 },
];

interface Exchange {
  readonly name: string;
  readonly share: number;
  /** Median price, fen. */
  readonly medianFen: number;
  readonly floors: readonly { readonly floorFen: number; readonly share: number; readonly atFloorShare: number }[];
}

const EXCHANGES: readonly Exchange[] = [
  { name: 'open', share: 0.35, medianFen: 80, floors: [{ floorFen: 0, share: 1, atFloorShare: 0 }] },
  {
    name: 'large',
    share: 0.4,
    medianFen: 60,
    floors: [
      { floorFen: 5, share: 0.7, atFloorShare: 0.08 },
      { floorFen: 60, share: 0.3, atFloorShare: 0.4 },
    ],
  },
  {
    name: 'premium',
    share: 0.25,
    medianFen: 75,
    floors: [
      { floorFen: 40, share: 0.6, atFloorShare: 0.4 },
      { floorFen: 80, share: 0.4, atFloorShare: 0.5 },
    ],
  },
];

function placementsOf({ name, share, medianFen, floors }: Exchange): PlacementFacts[] {
  return floors.flatMap((floor) =>
    SIZES.flatMap((size) =>
      VISIBILITIES.map(({ visibility, share: seen, level }) => ({
        exchange: name,
        width: size.width,
        height: size.height,
        visibility,
        floorFen: floor.floorFen,
        impressions: share * floor.share * size.share * seen,
        atFloorShare: floor.atFloorShare,
        pricesFen: pricesAbove(floor.floorFen, medianFen * size.level * level),
      })),
    ),
  );
}

const PRICE_MAX_FEN = 400;
const SIGMA = 0.7;
/** Share of prices that bidders round to tens. */
const ROUND_SHARE = 0.3;

/** A log-normal, part of it gathered at round numbers, of which what is above the floor is left. */
function pricesAbove(floorFen: number, medianFen: number): PriceTable {
  const weights = new Map<number, number>();
  for (let price = 1; price <= PRICE_MAX_FEN; price++) {
    const deviation = Math.log(price / medianFen) / SIGMA;
    const weight = Math.exp(-0.5 * deviation * deviation) / price;
    add(price, weight * (1 - ROUND_SHARE));
    add(Math.max(10, Math.round(price / 10) * 10), weight * ROUND_SHARE);
  }
  return new PriceTable(weights);

  function add(price: number, weight: number): void {
    if (price > floorFen) weights.set(price, (weights.get(price) ?? 0) + weight);
  }
}

/** Of hosts around a continent. */
const RTT_MS: readonly (readonly [number, number])[] = [
  [0, 0.3],
  [0.05, 4],
  [0.1, 8],
  [0.25, 20],
  [0.5, 40],
  [0.75, 75],
  [0.9, 130],
  [0.99, 280],
  [1, 900],
];
