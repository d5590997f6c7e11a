import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BestAdvertisers } from './best-advertisers.ts';

interface Item {
  readonly advertiser: number;
  readonly worth: number;
  readonly mayEnter: boolean;
}

function select(items: readonly Item[], countMax: number, turn: number): number[] {
  const best = new BestAdvertisers(items.map((one) => one.advertiser));
  const matches = { slots: Int32Array.from(items.keys()), count: items.length };
  const worthNow = (slot: number) => items[slot]!.worth;
  return Array.from(best.select(matches, countMax, worthNow, (slot) => items[slot]!.mayEnter, turn));
}

const item = fc.record({
  advertiser: fc.integer({ min: 0, max: 8 }),
  worth: fc.integer({ min: 0, max: 50 }),
  mayEnter: fc.boolean(),
});

test('gives the best of each advertiser, of the best advertisers', () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(1000),
      (items, countMax, turn) => {
        const bestOf = new Map<number, number>();
        for (const { advertiser, worth, mayEnter } of items)
          if (mayEnter && worth > 0) bestOf.set(advertiser, Math.max(worth, bestOf.get(advertiser) ?? 0));
        const expected = [...bestOf.values()].sort((a, b) => b - a).slice(0, countMax);
        const chosen = select(items, countMax, turn);
        expect(chosen.map((slot) => items[slot]!.worth)).toEqual(expected);
        expect(new Set(chosen.map((slot) => items[slot]!.advertiser)).size).toBe(chosen.length);
      },
    ),
    { numRuns: 1000 },
  );
});

test('among equals everyone gets a turn', () => {
  const items = Array.from({ length: 100 }, (_, advertiser) => ({ advertiser, worth: 5, mayEnter: true }));
  const entries = new Map<number, number>();
  for (let turn = 0; turn < 1000; turn++) {
    for (const slot of select(items, 10, turn)) entries.set(slot, (entries.get(slot) ?? 0) + 1);
  }
  expect([...entries.values()]).toEqual(Array(100).fill(100));
});

test('nobody is asked whether it may enter once enough do', () => {
  const asked: number[] = [];
  const slots = Int32Array.from({ length: 500 }, (_, slot) => slot);
  const best = new BestAdvertisers(Array.from(slots));
  const mayEnter = (slot: number) => asked.push(slot) > 1;
  const worthNow = (slot: number) => 1000 - slot;
  expect(Array.from(best.select({ slots, count: 500 }, 2, worthNow, mayEnter, 0))).toEqual([1, 2]);
  expect(asked).toEqual([0, 1, 2]);
});

test('no match, no candidate', () => {
  expect(select([], 3, 7)).toEqual([]);
});
