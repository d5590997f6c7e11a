import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearAuction } from '../../auction/clear.ts';
import { buildInput } from '../../auction/testing/build-input.ts';
import { type AuctionRanking, rankingOf } from '../waiting/auction-ranking.ts';
import { contributions, revenueAbove } from './contribution.ts';

function ranking(ecpmMicros: readonly number[], floorMicros = 0, isFirstPrice = false): AuctionRanking {
  const dspIds = ecpmMicros.map((_, index) => `dsp-${index}`);
  return { isFirstPrice, imps: [{ dspIds, ecpmMicros, floorMicros }] };
}

const bids = fc
  .array(fc.integer({ min: 1_000, max: 10_000_000 }), { minLength: 1, maxLength: 12 })
  .map((values) => values.sort((a, b) => b - a));

describe('ranking of an auction', () => {
  it('has the best bid of every DSP that took part, dearest first, with the floor of the best', () => {
    const input = buildInput({
      imps: [{ requestFloorCpmMicros: 500_000 }, { id: '2' }],
      bids: [
        { priceMicros: 1_000_000, dspId: 'x', seat: 'one' },
        { priceMicros: 3_000_000, dspId: 'x', seat: 'two' },
        { priceMicros: 2_000_000, dspId: 'y' },
        { priceMicros: 100_000, dspId: 'z' },
      ],
    });
    expect(rankingOf(input, clearAuction(input))).toEqual({
      isFirstPrice: false,
      imps: [{ dspIds: ['x', 'y'], ecpmMicros: [3_000_000, 2_000_000], floorMicros: 500_000 }],
    });
  });
});

describe('contribution', () => {
  it('is the floor for a bidder alone, and its bid in first price', () => {
    expect(contributions(ranking([900], 300)).get('dsp-0')).toBe(300);
    expect(contributions(ranking([900], 300, true)).get('dsp-0')).toBe(900);
  });

  it('is the same for the winner and for the one who sets the price', () => {
    const byDsp = contributions(ranking([900, 600, 200]));
    expect(byDsp.get('dsp-0')).toBe(byDsp.get('dsp-1'));
    expect(byDsp.get('dsp-2')).toBeLessThan(byDsp.get('dsp-1')!);
  });

  it('is what the formula says: absence 0.3, floor 100', () => {
    const byDsp = contributions(ranking([900, 600, 200], 100));
    const own = 100 * 0.3 ** 2;
    expect(byDsp.get('dsp-2')).toBeCloseTo(own + 100 * 2 * 0.7 * 0.3);
    expect(byDsp.get('dsp-1')).toBeCloseTo(own + 100 * 2 * 0.7 * 0.3 + 400 * 0.7);
  });

  it('is never negative and falls with the rank, in both mechanisms', () => {
    fc.assert(
      fc.property(bids, fc.integer({ min: 0, max: 1_000 }), fc.boolean(), (ecpms, floor, isFirstPrice) => {
        const values = [...contributions(ranking(ecpms, floor, isFirstPrice)).values()].reverse();
        for (let i = 0; i < values.length; i++) {
          expect(values[i]).toBeGreaterThanOrEqual(0);
          if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]! + 1e-6);
        }
      }),
    );
  });

  it('of two equal bidders is not nothing, although each could be spared', () => {
    expect(contributions(ranking([500, 500, 500])).get('dsp-0')).toBeGreaterThan(100);
  });
});

describe('revenue above a threshold', () => {
  it('is the second price of those who would have been called', () => {
    const expected = new Map([
      ['dsp-0', 10],
      ['dsp-1', 2],
      ['dsp-2', 10],
    ]);
    expect(revenueAbove(ranking([900, 600, 200], 100), expected, 0)).toBe(600);
    expect(revenueAbove(ranking([900, 600, 200], 100), expected, 5)).toBe(200);
    expect(revenueAbove(ranking([900, 600, 200], 100), expected, 20)).toBe(0);
    expect(revenueAbove(ranking([900, 600, 200], 100, true), expected, 5)).toBe(900);
  });

  it('never rises with the threshold', () => {
    fc.assert(
      fc.property(
        bids,
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 12, maxLength: 12 }),
        fc.boolean(),
        (ecpms, values, isFirstPrice) => {
          const expected = new Map(values.map((value, index) => [`dsp-${index}`, value]));
          let last = Infinity;
          for (let threshold = 0; threshold <= 100; threshold += 5) {
            const revenue = revenueAbove(ranking(ecpms, 500, isFirstPrice), expected, threshold);
            expect(revenue).toBeLessThanOrEqual(last);
            last = revenue;
          }
        },
      ),
    );
  });
});
