import { describe, expect, it } from 'vitest';
import { roundDownMicros, roundUpMicros } from './micros.ts';

describe('micros', () => {
  it('take float noise for the integer it stands for', () => {
    // 1.15 x 100 is 114.99999999999999, 3 x 1.1 is 3.3000000000000003.
    expect(roundDownMicros(1.15 * 100)).toBe(115);
    expect(roundUpMicros(3_000_000 * 1.1)).toBe(3_300_000);
  });

  it('round in the direction of their name otherwise', () => {
    expect([roundDownMicros(2.9), roundDownMicros(2.1), roundDownMicros(0.9)]).toEqual([2, 2, 0]);
    expect([roundUpMicros(2.9), roundUpMicros(2.1), roundUpMicros(0.1), roundUpMicros(0)]).toEqual([3, 3, 1, 0]);
  });
});
