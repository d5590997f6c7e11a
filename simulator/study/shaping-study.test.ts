import { describe, expect, it } from 'vitest';
import { runShapingStudy, SHAPING_STUDY } from './shaping-study.ts';

describe('shaping study', () => {
  it.each([1, 2])(
    'seed %i: half of the calls are saved for a hundredth of the revenue, and again soon after an upheaval',
    (seed) => {
      const { callsSaved, revenueRatio, recoverySeconds } = runShapingStudy({
        ...SHAPING_STUDY,
        seed,
        seconds: 420,
        upheavalAtSecond: 120,
      });
      expect(callsSaved).toBeGreaterThanOrEqual(0.5);
      expect(revenueRatio).toBeGreaterThanOrEqual(0.99);
      expect(recoverySeconds).toBeLessThanOrEqual(300);
    },
    120_000,
  );

  it('is the same again for the same seed', () => {
    const short = { ...SHAPING_STUDY, seconds: 10 };
    expect(runShapingStudy(short)).toEqual(runShapingStudy(short));
  });
});
