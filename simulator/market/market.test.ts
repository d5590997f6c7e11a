import { describe, expect, it } from 'vitest';
import { marketOf, type Sale, sellUntil } from '../../test/support/market-day.ts';
import { FEN_PER_UNIT, pricesOf } from './market-facts.ts';
import { POLICIES } from './policy-strategy.ts';
import { ksDistance } from './price-table.ts';

const HOUR_MS = 3_600_000;

/** What half an hour of a market came to, to the digit. */
function salesOf(seed: number, options: object = {}): Sale[] {
  const sales: Sale[] = [];
  sellUntil(marketOf(options, { seed }), HOUR_MS / 2, { onSale: (sale) => sales.push(sale) });
  return sales;
}

describe('a market', () => {
  it('is the same for the same seed, and another for another', () => {
    const sales = salesOf(1);
    expect(sales.length).toBeGreaterThan(150);
    expect(salesOf(1)).toEqual(sales);
    expect(salesOf(2)).not.toEqual(sales);
  });

  it('sells at the prices that its placements are to have', () => {
    const market = marketOf();
    sellUntil(market, 12 * HOUR_MS);
    expect(ksDistance(market.figures.pricesFen!, pricesOf(market.facts.placements))).toBeLessThan(0.03);
  });

  it('has bidders that agree in part on what an impression is worth', () => {
    const market = marketOf({ dsps: [{ id: 'bidder', count: 2, bidRate: 1 }] });
    const pairs = Array.from({ length: 2_000 }, () => {
      const { request } = market.next();
      return market.dsps.map((dsp) => Math.log(1 + dsp.valueFen(request, request.imp[0]!)));
    });
    const correlation = correlationOf(pairs as [number, number][]);
    expect(correlation).toBeGreaterThan(0.3);
    expect(correlation).toBeLessThan(0.95);
  });

  it('says what an impression is worth the same whenever it is asked', () => {
    const market = marketOf();
    const { request } = market.next();
    const values = () => market.dsps.map((dsp) => dsp.valueFen(request, request.imp[0]!));
    const before = values();
    sellUntil(market, HOUR_MS / 4);
    expect(values()).toEqual(before);
  });

  it('tires its users: what they have seen is worth less and clicked less', () => {
    const worth = (strength: number) => {
      const fatigue = { creative: strength, campaign: strength, advertiser: strength };
      const market = marketOf({ fatigue }, { users: 50 });
      let sum = 0;
      sellUntil(market, 2 * HOUR_MS, {
        onSale: ({ outcome }) => {
          sum += outcome.worthCpm!;
        },
      });
      return sum;
    };
    expect(worth(0.3)).toBeLessThan(0.8 * worth(0));
  });

  it('knows the truth by which estimates can be judged', () => {
    const market = marketOf();
    const shown: { readonly size: string; readonly truth: number }[] = [];
    sellUntil(market, 3 * HOUR_MS, {
      onSale: ({ bid, outcome }) => shown.push({ size: `${bid.w}x${bid.h}`, truth: outcome.clickProbability }),
    });
    const [past, future] = [shown.filter((_, index) => index % 2 === 0), shown.filter((_, index) => index % 2 === 1)];
    const ofAll = meanTruth(past);
    const bySize = new Map(
      [...new Set(past.map(({ size }) => size))].map((size) => [
        size,
        meanTruth(past.filter((each) => each.size === size)),
      ]),
    );
    const judge = (estimate: (size: string) => number) => {
      const estimates = future.map(({ size, truth }) => ({ estimate: estimate(size), truth }));
      return {
        predictedOverTrue:
          estimates.reduce((sum, each) => sum + each.estimate, 0) / (meanTruth(future) * future.length),
        squaredError: estimates.reduce((sum, each) => sum + (each.estimate - each.truth) ** 2, 0),
      };
    };
    const prior = judge(() => ofAll);
    const priorBySize = judge((size) => bySize.get(size)!);
    expect(prior.predictedOverTrue).toBeCloseTo(1, 0);
    expect(priorBySize.squaredError).toBeLessThan(prior.squaredError);
    expect(judge(() => 2 * ofAll).predictedOverTrue).toBeCloseTo(2 * prior.predictedOverTrue);
  });
});

describe('DSPs of a market', () => {
  it('bid what an impression is worth in second-price auctions, and less where winners pay their bids', () => {
    const market = marketOf();
    const shares: number[] = [];
    const paidFor = (at: 1 | 2, hours: number) => {
      shares.length = 0;
      sellUntil(market, hours * HOUR_MS, {
        at,
        onSale: ({ bid, outcome }) => shares.push(bid.price / outcome.worthCpm!),
      });
      return shares.slice(-500).reduce((sum, share) => sum + share, 0) / 500;
    };
    const secondPrice = paidFor(2, 2);
    const firstPrice = paidFor(1, 6);
    expect(firstPrice).toBeLessThan(0.9 * secondPrice);
  });

  it('shade less when there is more competition', () => {
    const shareAmong = (count: number) => {
      const market = marketOf({ dsps: [{ id: 'bidder', count, bidRate: 1 }] }, { seed: 4 });
      const ratios: number[] = [];
      sellUntil(market, 4 * HOUR_MS, { at: 1 });
      for (let index = 0; index < 300; index++) {
        const { request, atMs } = market.next();
        for (const dsp of market.dsps) {
          const value = dsp.valueFen(request, request.imp[0]!) / FEN_PER_UNIT;
          const bid = dsp.decide({ ...request, at: 1 }, atMs).reply?.seatbid?.[0]?.bid[0];
          if (bid !== undefined && bid.price > request.imp[0]!.bidfloor!) ratios.push(bid.price / value);
        }
      }
      return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    };
    const [few, many] = [shareAmong(2), shareAmong(12)];
    expect(few).toBeLessThan(many);
    expect(many).toBeLessThan(1);
  });

  it('spend no more than their daily budgets, and make them last', () => {
    const dailyBudget = 0.5;
    const market = marketOf({
      dsps: [
        { id: 'rich', count: 6 },
        { id: 'bounded', count: 2, level: 1, dailyBudget },
      ],
    });
    const spent = new Map<string, number[]>();
    sellUntil(market, 20 * HOUR_MS, {
      onSale: ({ atMs, dspId, priceCpm }) => {
        const hours = spent.get(dspId) ?? new Array<number>(24).fill(0);
        hours[Math.floor(atMs / HOUR_MS)]! += priceCpm / 1000;
        spent.set(dspId, hours);
      },
    });
    for (const id of ['bounded-01', 'bounded-02']) {
      const byHour = spent.get(id)!;
      // Local midnight of the place of the market is at 23h UTC, seven hours after its start.
      const tomorrow = byHour.slice(7).reduce((sum, part) => sum + part, 0);
      expect(byHour.slice(0, 7).reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(dailyBudget);
      expect(tomorrow).toBeLessThanOrEqual(dailyBudget);
      expect(tomorrow).toBeGreaterThan(0.3 * dailyBudget);
      expect(byHour.slice(15, 20).some((part) => part > 0)).toBe(true);
    }
  });

  it('answer no more calls in a second than they can', () => {
    const market = marketOf({ dsps: [{ id: 'bidder', count: 1, bidRate: 1, callsPerSecMax: 3 }] });
    const { request } = market.next();
    const answers = Array.from({ length: 10 }, (_, index) =>
      market.dsps[0]!.decide({ ...request, id: `r-${index}`, imp: [{ ...request.imp[0]!, bidfloor: 0 }] }, 500 + index),
    );
    expect(answers.filter(({ reply }) => reply !== null).length).toBeLessThanOrEqual(3);
    expect(market.dsps[0]!.decide({ ...request, id: 'next' }, 1_600).delayMs).toBeGreaterThan(0);
  });

  it('take longer in the evening', () => {
    const market = marketOf({ dsps: [{ id: 'bidder', count: 1, thinkMs: { median: 20, sigma: 0.2, diurnal: 0.5 } }] });
    const { request } = market.next();
    const meanAt = (utcHour: number) => {
      let sum = 0;
      // The market begins at 16h UTC, its place is one hour ahead.
      const atMs = ((utcHour - 16 + 24) % 24) * HOUR_MS;
      for (let index = 0; index < 300; index++)
        sum += market.dsps[0]!.decide({ ...request, id: `r-${index}` }, atMs).delayMs;
      return sum / 300;
    };
    expect(meanAt(20)).toBeGreaterThan(1.5 * meanAt(8));
  });

  it('leave alone what is not of their market, or not in their currency, or blocks their advertiser', () => {
    const market = marketOf({ dsps: [{ id: 'bidder', count: 1, bidRate: 1 }] });
    const [dsp] = market.dsps;
    const { request, atMs } = market.next();
    const asked = { ...request, imp: [{ ...request.imp[0]!, bidfloor: 0 }] };
    expect(dsp!.decide(asked, atMs).reply).not.toBeNull();
    expect(dsp!.decide({ ...asked, imp: [{ ...asked.imp[0]!, tagid: 'elsewhere' }] }, atMs).reply).toBeNull();
    expect(dsp!.decide({ ...asked, cur: ['CHF'] }, atMs).reply).toBeNull();
    expect(dsp!.decide({ ...asked, badv: ['example.com'] }, atMs).reply).toBeNull();
  });

  it('bid by the published policies', () => {
    const policies = POLICIES.map((policy) => ({
      id: `policy-${policy.replace('_', '-')}`,
      count: 1,
      policy: { policy, episodeAuctions: 50 },
    }));
    const market = marketOf({ dsps: [{ id: 'bidder', count: 3 }, ...policies] });
    const worth = new Map<string, number>();
    sellUntil(market, 3 * HOUR_MS, {
      onSale: ({ dspId, outcome }) => worth.set(dspId, (worth.get(dspId) ?? 0) + outcome.worthCpm!),
    });
    for (const { id } of policies) expect(worth.get(`${id}-01`)).toBeGreaterThan(0);
  });
});

function correlationOf(pairs: readonly (readonly [number, number])[]): number {
  const mean = (of: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const [x, y] = [mean((pair) => pair[0]), mean((pair) => pair[1])];
  const covariance = mean((pair) => (pair[0] - x) * (pair[1] - y));
  return covariance / Math.sqrt(mean((pair) => (pair[0] - x) ** 2) * mean((pair) => (pair[1] - y) ** 2));
}

function meanTruth(shown: readonly { readonly truth: number }[]): number {
  return shown.reduce((sum, { truth }) => sum + truth, 0) / shown.length;
}
