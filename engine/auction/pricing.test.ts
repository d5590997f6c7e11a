import { describe, expect, it } from 'vitest';
import { firstPriceUnitMicros } from './first-price.ts';
import { gspUnitMicros } from './gsp.ts';
import type { RankedBid } from './ranked-bid.ts';
import { vcgUnitMicros } from './vcg.ts';

function cpc(bid: number, ctr: number, reserve = 0): RankedBid {
  return {
    unitMicros: bid * 1e6,
    ecpmPerUnit: ctr * 1000,
    ecpmMicros: Math.round(bid * 1e6 * ctr * 1000),
    reserveUnitMicros: reserve * 1e6,
  };
}

function cpa(bid: number, ctr: number, cvr: number): RankedBid {
  return cpc(bid, ctr * cvr);
}

function cpm(bid: number, reserve = 0): RankedBid {
  return { unitMicros: bid * 1e6, ecpmPerUnit: 1, ecpmMicros: bid * 1e6, reserveUnitMicros: reserve * 1e6 };
}

describe('gsp', () => {
  it('golden: B at $4.00 and 0.15 beats A at $5.00 and 0.10 and pays $3.33 a click', () => {
    const ranked = [cpc(4, 0.15), cpc(5, 0.1), cpc(6, 0.05)];
    expect(ranked.map((bid) => bid.ecpmMicros)).toEqual([600e6, 500e6, 300e6]);
    // 500 / 150 = 3.33…, up to the next micro so that the winner still outranks A.
    expect(gspUnitMicros(ranked, 0, 3, 0)).toBe(3_333_334);
    expect(gspUnitMicros(ranked, 0, 3, 10_000)).toBe(3_343_334);
  });

  it('golden: $40 a conversion at 0.005 and 0.05 beats $0.90 a click at 0.01 and pays $36 a conversion', () => {
    const ranked = [cpa(40, 0.005, 0.05), cpc(0.9, 0.01), cpm(8)];
    expect(ranked.map((bid) => bid.ecpmMicros)).toEqual([10e6, 9e6, 8e6]);
    expect([0, 1, 2].map((rank) => gspUnitMicros(ranked, rank, 3, 0))).toEqual([36e6, 800_000, 0]);
  });

  it('prices position k by rank k + 1', () => {
    const ranked = [cpm(5), cpm(4), cpm(2)];
    expect([0, 1, 2].map((rank) => gspUnitMicros(ranked, rank, 3, 0))).toEqual([4e6, 2e6, 0]);
  });

  it('charges the reserve when nobody else is there, and when it is above the runner-up', () => {
    expect(gspUnitMicros([cpm(5, 1)], 0, 1, 10_000)).toBe(1e6);
    expect(gspUnitMicros([cpm(5, 3), cpm(2)], 0, 2, 10_000)).toBe(3e6);
  });

  it('never lifts a price above the bid by the increment', () => {
    expect(gspUnitMicros([cpm(5), cpm(5)], 0, 2, 10_000)).toBe(5e6);
  });

  it('ignores bids behind the end of the price setters', () => {
    expect(gspUnitMicros([cpm(5, 1), cpm(4)], 0, 1, 0)).toBe(1e6);
  });
});

describe('vcg', () => {
  it('golden: A pays $6.83 a click for slots .3, .2, .1', () => {
    const ranked = [cpc(10, 0.2), cpc(8, 0.25), cpc(12, 0.1), cpc(6, 0.15)];
    expect(vcgUnitMicros(ranked, 0, 4, 0, [0.3, 0.2, 0.1])).toBe(6_833_334);
  });

  it('is the second price for one slot', () => {
    const ranked = [cpm(5, 1), cpm(4), cpm(2)];
    expect(vcgUnitMicros(ranked, 0, 3, 0, [1])).toBe(4e6);
    expect(vcgUnitMicros(ranked.slice(0, 1), 0, 1, 0, [1])).toBe(1e6);
  });

  it('counts an unsold rank at the reserve', () => {
    // Slot 1 against slot 2: 0.5 x 4; slot 2 against nothing: 0.5 x reserve 2.
    expect(vcgUnitMicros([cpm(5, 2), cpm(4)], 0, 2, 0, [1, 0.5])).toBe(3e6);
  });
});

describe('first price', () => {
  it('is the bid', () => {
    expect(firstPriceUnitMicros(cpm(5, 1))).toBe(5e6);
  });
});
