import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashCode, hashPair, hashText, MISSING } from './hash.ts';

describe('hash of facts', () => {
  it('does not change: models are trained on it', () => {
    expect([hashText('news.example.com'), hashText('例'), hashCode(0), hashCode(250), hashPair(1, 2)]).toEqual([
      475450803, -1770887617, 301794027, 1546217654, 2117216093,
    ]);
  });

  it('is a signed integer of 32 bits, not 0 for all that is known', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer(), (text, code) => {
        for (const hash of [hashText(text), hashCode(code), hashPair(hashText(text), hashCode(code))]) {
          expect(hash !== MISSING && hash === (hash | 0)).toBe(true);
        }
      }),
    );
  });

  it('keeps what is missing', () => {
    expect([
      hashText(''),
      hashText('IAB1', 0),
      hashCode(Number.NaN),
      hashPair(MISSING, 5),
      hashPair(5, MISSING),
    ]).toEqual(new Array(5).fill(MISSING));
  });

  it('is blind to case and knows order', () => {
    expect(hashText('iOS')).toBe(hashText('IOS'));
    expect(hashPair(1, 2)).not.toBe(hashPair(2, 1));
    expect(hashText('IAB9-30', 4)).toBe(hashText('iab9'));
  });

  it('spreads over buckets', () => {
    const counts = new Array<number>(16).fill(0);
    for (let index = 0; index < 16_000; index++) counts[(hashText(`segment-${index}`) >>> 0) % 16]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
