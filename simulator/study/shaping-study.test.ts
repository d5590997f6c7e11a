import { describe, expect, it } from 'vitest';
import { callsSaved, revenueRatio, runShapingStudy, SHAPING_STUDY, totalOf } from './shaping-study.ts';

describe('shaping study, short', () => {
  it.each([1, 2, 3])(
    'seed %i: once it has learned for half a minute, it saves calls for hardly any revenue',
    (seed) => {
      const { windows } = runShapingStudy({ ...SHAPING_STUDY, seed, seconds: 90, upheavalAtSecond: Infinity });
      const learned = totalOf(windows.filter(({ startSecond }) => startSecond >= 30));
      expect(callsSaved(learned)).toBeGreaterThan(0.4);
      expect(revenueRatio(learned)).toBeGreaterThan(0.98);
    },
  );

  it('is the same again for the same seed', () => {
    const short = { ...SHAPING_STUDY, seconds: 10 };
    expect(runShapingStudy(short)).toEqual(runShapingStudy(short));
  });
});
