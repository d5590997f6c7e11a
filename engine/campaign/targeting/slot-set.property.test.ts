import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotSet } from './slot-set.ts';

const WORDS = 4;
const bitsOf = (slots: Iterable<number>, wordCount: number): Int32Array => {
  const words = new Int32Array(wordCount);
  for (const slot of slots) words[slot >>> 5]! |= 1 << (slot & 31);
  return words;
};
const words = fc.array(fc.integer(), { minLength: 2 * WORDS, maxLength: 2 * WORDS }).map((all) => Int32Array.from(all));

test('a list and a bitset are the same set, through every change', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(WORDS * 32 - 1), { maxLength: 40 }),
      fc.boolean(),
      words,
      words,
      (toggled, grows, some, spared) => {
        const set = new SlotSet(WORDS);
        const expected = new Set<number>();
        for (const slot of toggled) {
          if (expected.delete(slot)) set.delete(slot);
          else {
            expected.add(slot);
            set.add(slot);
          }
        }
        const wordCount = grows ? 2 * WORDS : WORDS;
        if (grows) set.grow(wordCount);
        const bits = bitsOf(expected, wordCount);
        const apply = (act: (target: Int32Array) => void) => {
          const target = some.slice(0, wordCount);
          act(target);
          return target;
        };
        const each = (compute: (word: number, index: number) => number) => some.slice(0, wordCount).map(compute);
        expect(set.count).toBe(expected.size);
        expect(apply((target) => set.clearIn(target))).toEqual(each((word, i) => word & ~bits[i]!));
        expect(apply((target) => set.setIn(target))).toEqual(each((word, i) => word | bits[i]!));
        expect(apply((target) => set.copyTo(target))).toEqual(bits);
        expect(apply((target) => set.clearUnless(spared, target))).toEqual(
          each((word, i) => word & (~bits[i]! | spared[i]!)),
        );
        expect(set.bits() ?? bits).toEqual(bits);
      },
    ),
    { numRuns: 1000 },
  );
});
