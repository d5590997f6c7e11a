import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { clearAuction } from './clear.ts';
import { ImpMarket } from './imp-market.ts';
import { buildInput } from './testing/build-input.ts';
import type { AuctionInput } from './types.ts';

/** Groups over up to five one-slot imps, each with up to one independent bid that matters. */
const market = fc.record({
  independents: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 5 }),
  groups: fc.array(fc.array(fc.option(fc.integer({ min: 1, max: 30 })), { minLength: 5, maxLength: 5 }), {
    maxLength: 6,
  }),
});

interface Market {
  readonly independents: readonly number[];
  readonly groups: readonly (readonly (number | null)[])[];
}

function inputOf({ independents, groups }: Market): AuctionInput {
  const bids = independents.flatMap((price, imp) =>
    price === 0 ? [] : [{ impId: String(imp), priceMicros: price * 1000 }],
  );
  const groupBids = groups.flatMap((members, group) =>
    members.flatMap((price, imp) =>
      price === null || imp >= independents.length
        ? []
        : [{ impId: String(imp), priceMicros: price * 1000, dspId: `g${group}`, bidId: `b${imp}`, groupKey: 'g' }],
    ),
  );
  return buildInput({ imps: independents.map((_, imp) => ({ id: String(imp) })), bids: [...bids, ...groupBids] });
}

/** Total of the best legal set of winners, by trying every set of groups. */
function bestTotal({ independents, groups }: Market): number {
  let best = 0;
  for (let set = 0; set < 2 ** groups.length; set++) {
    const taken = new Map<number, number>();
    let isLegal = true;
    groups.forEach((members, group) => {
      if ((set & (1 << group)) === 0) return;
      independents.forEach((_, imp) => {
        const price = members[imp] ?? null;
        if (price === null) return;
        if (taken.has(imp)) isLegal = false;
        taken.set(imp, price);
      });
    });
    if (!isLegal) continue;
    best = Math.max(
      best,
      independents.reduce((sum, price, imp) => sum + (taken.get(imp) ?? price), 0),
    );
  }
  return best;
}

function totalBid(input: AuctionInput): number {
  return clearAuction(input).wins.reduce((sum, win) => sum + input.bids[win.bidIndex]!.priceMicros, 0) / 1000;
}

describe('groups', () => {
  it('the winners are those of the best set of groups', () => {
    fc.assert(
      fc.property(market, (drawn) => {
        expect(totalBid(inputOf(drawn))).toBe(bestTotal(drawn));
      }),
      { numRuns: 300 },
    );
  });

  it('all bids of a group win or none, and together pay at least the bids they displaced', () => {
    fc.assert(
      fc.property(market, (drawn) => {
        const input = inputOf(drawn);
        const outcome = clearAuction(input);
        drawn.groups.forEach((_, group) => {
          const members = input.bids.filter((bid) => bid.dspId === `g${group}`);
          if (members.length < 2) return;
          const wins = outcome.wins.filter((win) => members.some((bid) => bid.index === win.bidIndex));
          expect([0, members.length]).toContain(wins.length);
          const displaced = wins.map((win) => drawn.independents[Number(win.impId)]! * 1000);
          const paid = wins.map((win) => win.clearingCpmMicros);
          expect(sum(paid)).toBeGreaterThanOrEqual(sum(displaced));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('with more groups than are tried exactly, the best gains go first', () => {
    const imps = Array.from({ length: 40 }, (_, imp) => ({ id: String(imp) }));
    // Group k wants imps 2k and 2k + 1; every third is worth less than the independents there.
    const bids = imps.flatMap((imp, i) => {
      const group = Math.floor(i / 2);
      return [
        { impId: imp.id, priceMicros: 5000 },
        { impId: imp.id, priceMicros: group % 3 === 0 ? 4000 : 6000, dspId: `g${group}`, groupKey: 'g', bidId: `${i}` },
      ];
    });
    const outcome = clearAuction(buildInput({ imps, bids }));
    for (const win of outcome.wins) {
      const losesToIndependents = Math.floor(Number(win.impId) / 2) % 3 === 0;
      expect(bids[win.bidIndex]!.priceMicros).toBe(losesToIndependents ? 5000 : 6000);
    }
  });

  const twoSlots = [{ id: '1', slotWeights: [1, 0.5] }, { id: '2' }];
  const seatX = { dspId: 'x', seat: 's' };

  it('takes only one slot of an imp for its seat: the seat gives up its independent bid there', () => {
    const bids = [
      { ...seatX, groupKey: 'g', bidId: '1', priceMicros: 3000 },
      { ...seatX, groupKey: 'g', bidId: '2', impId: '2', priceMicros: 90_000 },
      { ...seatX, bidId: '3', priceMicros: 10_000 },
      { priceMicros: 1000 },
    ];
    const outcome = clearAuction(buildInput({ imps: twoSlots, bids }));
    expect(outcome.wins.map((win) => [win.impId, win.bidIndex])).toEqual([
      ['1', 0],
      ['1', 3],
      ['2', 1],
    ]);
    expect(outcome.bids[2]!.reason).toBe('outbid-by-own-seat');
  });

  it('two groups of one seat cannot share an imp', () => {
    const imps = [...twoSlots, { id: '3' }];
    const bids = [
      { ...seatX, groupKey: 'g', bidId: '1', priceMicros: 3000 },
      { ...seatX, groupKey: 'g', bidId: '2', impId: '2', priceMicros: 3000 },
      { ...seatX, groupKey: 'h', bidId: '3', priceMicros: 4000 },
      { ...seatX, groupKey: 'h', bidId: '4', impId: '3', priceMicros: 4000 },
    ];
    const outcome = clearAuction(buildInput({ imps, bids }));
    expect(outcome.wins.map((win) => win.bidIndex)).toEqual([2, 3]);
    expect(outcome.bids[0]!.reason).toBe('group-outbid');
  });

  it('stays quick with a thousand groups that all want the same imps', () => {
    const imps = Array.from({ length: 10 }, (_, imp) => ({ id: String(imp) }));
    const bids = Array.from({ length: 1000 }, (_, group) =>
      imps.map((imp) => ({ impId: imp.id, priceMicros: 1000 + group, dspId: `g${group}`, groupKey: 'g' })),
    ).flat();
    const outcome = clearAuction(buildInput({ imps, bids }));
    expect(outcome.wins.map((win) => bids[win.bidIndex]!.dspId)).toEqual(imps.map(() => 'g999'));
  });
});

/** The largest legal answers: 50 DSPs of 500 bids each, which for groups is 16 of 31 bids. */
describe('work', () => {
  const slotWeights = Array.from({ length: 20 }, (_, i) => 1 - i / 40);
  const imps = Array.from({ length: 64 }, (_, imp) => ({ id: String(imp), slotWeights }));

  it.each([
    { name: 'many large groups', groups: 800, size: 31 },
    { name: 'as many as were searched exactly', groups: 9, size: 7 },
  ])('$name: what groups add to a clearing is bounded', ({ groups, size }) => {
    const evaluations = vi.spyOn(ImpMarket.prototype, 'winnersWith');
    const bids = Array.from({ length: groups }, (_, group) =>
      Array.from({ length: size }, (_, i) => ({
        impId: String((group * 3 + i) % 64),
        priceMicros: 1000 + group,
        dspId: `g${group % 50}`,
        seat: `s${group}`,
        groupKey: `${group}`,
        bidId: `${group}-${i}`,
      })),
    ).flat();
    clearAuction(buildInput({ imps, bids }));
    // Each looks at 20 slots, which takes 1 to 2 us.
    expect(evaluations.mock.calls.length).toBeLessThan(2500);
    evaluations.mockRestore();
  });

  it('of too many groups those whose bids bring most are considered', () => {
    const bids = Array.from({ length: 200 }, (_, group) =>
      ['0', '1'].map((impId) => ({ impId, priceMicros: 1000 + group, dspId: `g${group}`, groupKey: 'g' })),
    ).flat();
    const outcome = clearAuction(buildInput({ imps: [{ id: '0' }, { id: '1' }], bids }));
    expect(outcome.wins.map((win) => bids[win.bidIndex]!.dspId)).toEqual(['g199', 'g199']);
    expect(outcome.bids[0]!.reason).toBe('group-outbid');
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
