import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BestAdvertisers } from './best-advertisers.ts';

interface Item {
  readonly advertiser: number;
  readonly atMost: number;
  readonly now: number;
}

function select(items: readonly Item[], countMax: number, turn: number): number[] {
  const best = new BestAdvertisers(countMax, {
    worthAtMost: items.map(({ atMost }) => atMost),
    advertiserOf: items.map((one) => one.advertiser),
  });
  const slots = Int32Array.from(items.keys());
  return Array.from(best.select({ slots, count: items.length }, (slot) => items[slot]!.now, turn));
}

const item = fc
  .record({
    advertiser: fc.integer({ min: 0, max: 8 }),
    atMost: fc.integer({ min: 1, max: 50 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ advertiser, atMost, share }) => ({ advertiser, atMost, now: Math.round(atMost * share) }));

test('gives the best of each advertiser, of the best advertisers', () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(1000),
      (items, countMax, turn) => {
        const bestOf = new Map<number, number>();
        for (const { advertiser, now } of items)
          if (now > 0) bestOf.set(advertiser, Math.max(now, bestOf.get(advertiser) ?? 0));
        const expected = [...bestOf.values()].sort((a, b) => b - a).slice(0, countMax);
        const chosen = select(items, countMax, turn);
        expect(chosen.map((slot) => items[slot]!.now)).toEqual(expected);
        expect(new Set(chosen.map((slot) => items[slot]!.advertiser)).size).toBe(chosen.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('among equals everyone gets a turn', () => {
  const items = Array.from({ length: 100 }, (_, advertiser) => ({ advertiser, atMost: 5, now: 5 }));
  const entries = new Map<number, number>();
  for (let turn = 0; turn < 1000; turn++) {
    for (const slot of select(items, 10, turn)) entries.set(slot, (entries.get(slot) ?? 0) + 1);
  }
  expect([...entries.values()]).toEqual(Array(100).fill(100));
});

test('what cannot get in any more is not asked for what it is worth now', () => {
  let asked = 0;
  const slots = Int32Array.from({ length: 500 }, (_, slot) => slot);
  const worths = Array.from(slots, (slot) => 1000 - slot);
  const best = new BestAdvertisers(2, { worthAtMost: worths, advertiserOf: Array.from(slots) });
  const worthNow = (slot: number) => {
    asked++;
    return worths[slot]!;
  };
  expect(Array.from(best.select({ slots, count: 500 }, worthNow, 0))).toEqual([0, 1]);
  expect(asked).toBe(2);
});

test('no match, no candidate', () => {
  expect(select([], 3, 7)).toEqual([]);
});
