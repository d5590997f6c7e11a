/** What a market came to, beside the real one it was made like. */
import type { CalibrationFigures, CalibrationRow } from '../world/run-record.ts';
import type { MarketFacts, PlacementFacts, RealFigures } from './market-facts.ts';
import { ksDistance, PriceTable } from './price-table.ts';

/** The newest round trips. */
const ROUND_TRIPS_MAX = 50_000;
/** Fewer impressions of a size or exchange say nothing about it. */
const IMPRESSIONS_MIN = 100;
const PRICE_SHARES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99] as const;
const RTT_SHARES = [0.1, 0.25, 0.5, 0.75, 0.9] as const;

interface Tally {
  impressions: number;
  atFloor: number;
  /** Expected by the truth: less noise than counting the few that happen. */
  clicks: number;
}

export class MarketFigures {
  readonly #prices = new Map<number, number>();
  readonly #byExchange = new Map<string, Tally>();
  readonly #bySize = new Map<string, Tally>();
  readonly #byHour = new Float64Array(24);
  readonly #roundTrips = new Float64Array(ROUND_TRIPS_MAX);
  #roundTripCount = 0;
  #impressions = 0;

  /** A user saw an ad. `hour` is the user's own. */
  noteImpression(placement: PlacementFacts, priceFen: number, clickProbability: number, hour: number): void {
    const price = Math.round(priceFen);
    const atFloor = placement.floorFen > 0 && price <= placement.floorFen ? 1 : 0;
    this.#impressions += 1;
    this.#prices.set(price, (this.#prices.get(price) ?? 0) + 1);
    this.#byHour[hour]! += 1;
    for (const tally of [
      tallyOf(this.#byExchange, placement.exchange),
      tallyOf(this.#bySize, `${placement.width}x${placement.height}`),
    ]) {
      tally.impressions += 1;
      tally.atFloor += atFloor;
      tally.clicks += clickProbability;
    }
  }

  noteRoundTrip(roundTripMs: number): void {
    this.#roundTrips[this.#roundTripCount % ROUND_TRIPS_MAX] = roundTripMs;
    this.#roundTripCount += 1;
  }

  /** Prices that were paid, fen per mille, whole; null: none. */
  get pricesFen(): PriceTable | null {
    return this.#impressions === 0 ? null : new PriceTable(this.#prices);
  }

  /** Null: the market is like none, or nothing was sold. `nearestShare`: of all hosts, where the DSPs are. */
  beside({ real, rttMs, source }: MarketFacts, nearestShare: number): CalibrationFigures | null {
    const prices = this.pricesFen;
    if (real === null || prices === null) return null;
    const rows = [
      ...priceRows(real, prices),
      ...this.#floorRows(real),
      ...this.#clickRows(real),
      ...this.#hourRows(real),
      ...this.#networkRows((share) => rttMs.at(share * nearestShare)),
    ];
    return { source, rows };
  }

  #floorRows(real: RealFigures): CalibrationRow[] {
    return [...this.#byExchange.keys()]
      .sort()
      .flatMap((exchange) => {
        const { impressions, atFloor } = this.#byExchange.get(exchange)!;
        return [
          row(
            'floor',
            `exchange ${exchange}: sold at the floor`,
            real.atFloorByExchange.get(exchange),
            atFloor / impressions,
            'share',
          ),
          row(
            'floor',
            `exchange ${exchange}: of all impressions`,
            real.shareByExchange.get(exchange),
            impressions / this.#impressions,
            'share',
          ),
        ];
      })
      .filter((each) => each !== null);
  }

  #clickRows(real: RealFigures): CalibrationRow[] {
    return [...this.#bySize.keys()].sort().flatMap((size) => {
      const { impressions, clicks } = this.#bySize.get(size)!;
      const rate = impressions < IMPRESSIONS_MIN ? undefined : real.clickRateBySize.get(size);
      return row('ctr by slot', size, rate, clicks / impressions, 'share') ?? [];
    });
  }

  #hourRows(real: RealFigures): CalibrationRow[] {
    return real.shareByHour.flatMap(
      (share, hour) =>
        row(
          'hour',
          `${String(hour).padStart(2, '0')}h`,
          share,
          this.#byHour[hour]! / this.#impressions,
          'share of a day',
        ) ?? [],
    );
  }

  #networkRows(realAt: (share: number) => number): CalibrationRow[] {
    const count = Math.min(this.#roundTripCount, ROUND_TRIPS_MAX);
    if (count === 0) return [];
    const sorted = this.#roundTrips.slice(0, count).sort();
    return RTT_SHARES.flatMap(
      (share) =>
        row('network', `round trip p${share * 100}`, realAt(share), sorted[Math.floor(share * (count - 1))]!, 'ms') ??
        [],
    );
  }
}

function tallyOf(tallies: Map<string, Tally>, key: string): Tally {
  let tally = tallies.get(key);
  if (tally === undefined) {
    tally = { impressions: 0, atFloor: 0, clicks: 0 };
    tallies.set(key, tally);
  }
  return tally;
}

function priceRows(real: RealFigures, prices: PriceTable): CalibrationRow[] {
  return [
    ...PRICE_SHARES.flatMap(
      (share) =>
        row('price', `p${share * 100}`, real.pricesFen.quantile(share), prices.quantile(share), 'fen CPM') ?? [],
    ),
    { group: 'price', name: 'KS distance', real: 0, simulated: ksDistance(real.pricesFen, prices), unit: 'share' },
  ];
}

/** Null: the real market has no such figure. */
function row(
  group: string,
  name: string,
  real: number | undefined,
  simulated: number,
  unit: string,
): CalibrationRow | null {
  return real === undefined ? null : { group, name, real, simulated, unit };
}
