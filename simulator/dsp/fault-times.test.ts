import { describe, expect, it } from 'vitest';
import { areFaultsDue, type FaultTimes } from './fault-times.ts';

const dueAt = (times: FaultTimes, ...seconds: number[]) => seconds.map((sec) => areFaultsDue(times, sec * 1000));

describe('faults strike', () => {
  it('all the time by default', () => {
    expect(dueAt({ fromSec: 0 }, 0, 1, 1e6)).toEqual([true, true, true]);
  });

  it('from one moment until another, the first included', () => {
    expect(dueAt({ fromSec: 10, untilSec: 20 }, 9.999, 10, 19.999, 20, 1e6)).toEqual([false, true, true, false, false]);
  });

  it('in turns with health, counted from the first moment', () => {
    const times = { fromSec: 1, untilSec: 10, flapping: { sickSec: 3, healthySec: 2 } };
    expect(dueAt(times, 0.5, 1, 3.9, 4, 5.9, 6, 8.9, 9, 11)).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
