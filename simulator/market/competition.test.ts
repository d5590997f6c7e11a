import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { PlacementValues, ScoreStatistics } from './competition.ts';
import type { PlacementFacts } from './market-facts.ts';
import { ksDistance, PriceTable } from './price-table.ts';

const BIDDERS = 6;
const AUCTIONS = 20_000;

/** Scores of one auction, best first: correlated, and not everybody bids. */
function drawScores(random: ReturnType<typeof seededRandom>): number[] {
  const common = random.normal();
  const scores = Array.from({ length: BIDDERS }, () =>
    random.chance(0.7) ? 0.7 * common + 0.7 * random.normal() : Number.NEGATIVE_INFINITY,
  );
  return scores.sort((a, b) => b - a);
}

function statistics(): ScoreStatistics {
  const random = seededRandom('statistics');
  const draws = Array.from({ length: AUCTIONS }, () => drawScores(random));
  return new ScoreStatistics(
    Float64Array.from(draws, ([best]) => best!),
    Float64Array.from(draws, ([, second]) => second!),
  );
}

function placement(changes: Partial<PlacementFacts>): PlacementFacts {
  const atoms = [
    [10, 1],
    [20, 4],
    [50, 3],
    [70, 6],
    [71, 1],
    [150, 2],
    [300, 1],
  ] as const;
  return {
    exchange: '1',
    width: 300,
    height: 250,
    visibility: 'first',
    floorFen: 0,
    impressions: 1,
    atFloorShare: 0,
    pricesFen: new PriceTable(new Map(atoms.filter(([price]) => price > (changes.floorFen ?? 0)))),
    ...changes,
  };
}

/** What truthful bidders pay in second-price auctions, and how many auctions sell. */
function sell(values: PlacementValues) {
  const random = seededRandom('auctions');
  const { floorFen } = values.placement;
  const paid = new Map<number, number>();
  let sales = 0;
  for (let auction = 0; auction < AUCTIONS; auction++) {
    const [best, second] = drawScores(random).map((score) =>
      score === Number.NEGATIVE_INFINITY ? 0 : values.valueFen(score),
    );
    if (best! < floorFen || best === 0) continue;
    const price = Math.round(Math.max(floorFen, second!));
    paid.set(price, (paid.get(price) ?? 0) + 1);
    sales += 1;
  }
  return { prices: new PriceTable(paid), atFloor: (paid.get(floorFen) ?? 0) / sales, saleRate: sales / AUCTIONS };
}

describe('values of a placement', () => {
  const scores = statistics();

  it('make truthful bidders pay just its prices in second-price auctions, atoms and all', () => {
    const facts = placement({});
    expect(ksDistance(sell(new PlacementValues(facts, scores)).prices, facts.pricesFen)).toBeLessThan(0.015);
  });

  it.each([0.1, 0.4, 0.8, 0.95])('make %d of the sales end at the floor, and tell how many find a buyer', (share) => {
    const values = new PlacementValues(placement({ floorFen: 40, atFloorShare: share }), scores);
    const { atFloor, saleRate } = sell(values);
    expect(atFloor).toBeCloseTo(share, 1);
    expect(Math.abs(atFloor - share)).toBeLessThan(0.02);
    expect(saleRate).toBeCloseTo(values.saleRate, 1);
    expect(saleRate).toBeGreaterThan(0.25);
  });

  it('rise with the score, so that the best score wins', () => {
    const values = new PlacementValues(placement({ floorFen: 40, atFloorShare: 0.5 }), scores);
    const rising = Array.from({ length: 60 }, (_, step) => values.valueFen(-3 + step / 10));
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(new Set(rising.slice(20)).size).toBeGreaterThan(35);
  });
});

describe('a price table', () => {
  it('gives back its atoms by their shares', () => {
    const table = new PriceTable(
      new Map([
        [70, 3],
        [20, 1],
      ]),
    );
    expect([0, 0.25, 0.26, 1].map((share) => table.quantile(share))).toEqual([20, 20, 70, 70]);
    expect([19, 20, 69, 70].map((price) => table.shareUpTo(price))).toEqual([0, 0.25, 0.25, 1]);
    expect(table.meanFen).toBe(57.5);
  });

  it('is as far from another as their cumulative shares are where they differ most', () => {
    const even = new PriceTable(new Map([10, 20, 30, 40].map((price) => [price, 1])));
    const high = new PriceTable(new Map([30, 40].map((price) => [price, 1])));
    expect(ksDistance(even, high)).toBe(0.5);
    expect(ksDistance(even, even)).toBe(0);
  });

  it('refuses to be empty', () => {
    expect(() => new PriceTable(new Map([[10, 0]]))).toThrow(RangeError);
  });
});
