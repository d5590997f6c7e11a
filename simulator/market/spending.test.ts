import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenBid, Spending } from './spending.ts';

const HOUR_MS = 3_600_000;
const EVEN = Array.from({ length: 24 }, (_, hour) => (hour + 1) / 24);

function spendingOf(dailyBudgetFen: number): Spending {
  return new Spending({ dailyBudgetFen, dayProgress: EVEN, localStartMs: 0 });
}

function bidOf(bidFen: number, untilMs = HOUR_MS): OpenBid {
  return { exchange: '1', valueFen: bidFen, bidFen, untilMs, isClicked: false, isWon: false };
}

describe('spending of a DSP', () => {
  it('never exceeds the budget of a day, whatever becomes of its bids and in whatever order', () => {
    const news = fc.record({
      bidFen: fc.integer({ min: 1, max: 400 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      fate: fc.constantFrom('billed', 'billed twice', 'won', 'won and billed', 'lost', 'silent', 'later'),
    });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 200 }), fc.integer({ min: 1, max: 5_000 }), (bids, budget) => {
        const spending = spendingOf(budget);
        const later: [string, number][] = [];
        bids.forEach(({ bidFen, share, fate }, index) => {
          const id = String(index);
          if (bidFen > spending.leftFen(index)) return;
          spending.opened(id, bidOf(bidFen));
          if (fate.startsWith('won')) spending.won(id, bidFen * share);
          if (fate.startsWith('billed') || fate === 'won and billed') spending.billed(id, bidFen * share);
          if (fate === 'billed twice') spending.billed(id, bidFen * share);
          if (fate === 'lost') spending.lost(id);
          if (fate === 'later') later.push([id, bidFen]);
        });
        for (const [id, bidFen] of later) spending.billed(id, bidFen);
        expect(spending.spentFen).toBeLessThanOrEqual(budget);
      }),
    );
  });

  it('counts an open bid in full until its time is over', () => {
    const spending = spendingOf(100);
    spending.opened('a', bidOf(80, 1_000));
    expect(spending.leftFen(999)).toBe(20);
    expect(spending.leftFen(1_000)).toBe(100);
  });

  it('counts what is won as spent, once, whether a bill comes or not', () => {
    const spending = spendingOf(100);
    spending.leftFen(0);
    spending.opened('a', bidOf(80, 1_000));
    spending.won('a', 60);
    spending.won('a', 60);
    expect(spending.leftFen(0)).toBe(40);
    expect(spending.leftFen(2_000)).toBe(40);
    spending.billed('a', 60);
    expect(spending.spentFen).toBe(60);
  });

  it('counts a bid once that is made twice', () => {
    const spending = spendingOf(100);
    spending.opened('a', bidOf(60));
    spending.opened('a', bidOf(60));
    expect(spending.leftFen(0)).toBe(40);
    spending.lost('a');
    expect(spending.leftFen(0)).toBe(100);
  });

  it('begins each day anew', () => {
    const spending = spendingOf(100);
    spending.leftFen(0);
    spending.opened('a', bidOf(70));
    spending.billed('a', 70);
    expect(spending.leftFen(23 * HOUR_MS)).toBe(30);
    expect(spending.leftFen(24 * HOUR_MS)).toBe(100);
  });

  it('takes part in less traffic while it is ahead of its plan, and in more when it is behind', () => {
    const spending = spendingOf(2_400);
    spending.leftFen(0);
    spending.opened('a', bidOf(1_000));
    spending.billed('a', 1_000);
    let rate = 1;
    for (let minute = 0; minute < 30; minute++) rate = spending.rateAt(HOUR_MS + minute * 60_000);
    expect(rate).toBeLessThan(0.1);
    for (let minute = 0; minute < 60; minute++) rate = spending.rateAt(12 * HOUR_MS + minute * 60_000);
    expect(rate).toBe(1);
  });

  it('with a budget makes no more bids when too many are open, without one forgets the oldest', () => {
    const [bounded, free] = [spendingOf(1e9), spendingOf(Number.POSITIVE_INFINITY)];
    for (const spending of [bounded, free]) {
      for (let index = 0; index < 20_000; index++) spending.opened(String(index), bidOf(1));
    }
    expect(bounded.leftFen(0)).toBe(0);
    expect(free.leftFen(0)).toBe(Number.POSITIVE_INFINITY);
    expect(free.openBid('0')).toBeUndefined();
    expect(free.openBid('1')).toBeDefined();
  });
});
