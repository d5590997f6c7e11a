import { describe, expect, it } from 'vitest';
import { ReducedFanOut } from './reduced-fan-out.ts';

function learned(paid: readonly number[], rounds = 256): ReducedFanOut {
  const fanOut = new ReducedFanOut(paid.length);
  for (let round = 0; round < rounds; round++) for (const [dsp, micros] of paid.entries()) fanOut.learn(dsp, micros);
  return fanOut;
}

describe('reduced fan-out', () => {
  it('asks all, half and a quarter, rounded up, and never nobody', () => {
    const counts = (dspCount: number) => ([0, 1, 2] as const).map((l) => new ReducedFanOut(dspCount).asked(l).length);
    expect(counts(50)).toEqual([50, 25, 13]);
    expect(counts(1)).toEqual([1, 1, 1]);
    expect(counts(0)).toEqual([0, 0, 0]);
  });

  it('asks those that paid most', () => {
    const fanOut = learned([1, 9, 3, 7, 0, 0, 0, 8]);
    expect([...fanOut.asked(1)]).toEqual([1, 7, 3, 2]);
    expect([...fanOut.asked(2)]).toEqual([1, 7]);
    expect([...fanOut.asked(0)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('is the same array until the order is made anew', () => {
    const fanOut = learned([9, 1, 0, 0]);
    const before = fanOut.asked(2);
    for (let win = 1; win < 256; win++) fanOut.learn(3, 9);
    expect(fanOut.asked(2)).toBe(before);
    fanOut.learn(3, 9);
    expect(fanOut.asked(2)).not.toBe(before);
    expect([...before]).toEqual([0]);
  });

  it('follows when others begin to pay more', () => {
    const fanOut = learned([9, 1, 0, 0]);
    for (let win = 0; win < 20 * 256; win++) fanOut.learn(3, 9);
    expect([...fanOut.asked(2)]).toEqual([3]);
  });
});
