import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../simulator/random.ts';
import { type JudgedRow, MODEL_SANITY_DEFAULTS, ModelSanity } from './model-sanity.ts';

const { sameRowsMax, meanRowCount, soundCallsMin } = MODEL_SANITY_DEFAULTS;

let rowCount = 0;
/** Different from all others. */
const rowOf = (rate: number, learned: number | null = null, prior = 0.001): JudgedRow => ({
  row: Float64Array.of(rowCount++, 1),
  rate,
  expectation: learned === null ? null : { learned, prior },
});

/** Judges so many rows, one call each; gives how many were sound. */
function judge(sanity: ModelSanity, count: number, next: () => JudgedRow): number {
  let sound = 0;
  for (let call = 0; call < count; call++) if (sanity.isSound([next()])) sound += 1;
  return sound;
}

describe('a constant', () => {
  it('is noticed whatever it is and however the rows come', () => {
    const rate = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 64 }), (constant, batch) => {
        const sanity = new ModelSanity();
        let judged = 0;
        while (sanity.isSound(Array.from({ length: batch }, () => rowOf(constant)))) judged += batch;
        expect(judged).toBeLessThan(sameRowsMax);
        expect(sanity.finding).toBe('constant');
      }),
      { numRuns: 50 },
    );
  });

  it('of one row that is asked again and again is none', () => {
    const sanity = new ModelSanity();
    const same = rowOf(0.01);
    expect(judge(sanity, 10 * sameRowsMax, () => same)).toBe(10 * sameRowsMax);
  });

  it('is forgiven when other rates come several times', () => {
    const sanity = new ModelSanity();
    judge(sanity, sameRowsMax, () => rowOf(0.01));
    expect(sanity.isSound([rowOf(0.02)])).toBe(true);
    expect(sanity.isSound([rowOf(0.01)])).toBe(false);
    expect(sanity.finding).toBe('constant');
    expect(judge(sanity, soundCallsMin, () => rowOf(0.02))).toBe(soundCallsMin);
    expect(sanity.finding).toBeNull();
  });
});

describe('a wild mean', () => {
  it('is noticed within a window, however widely the rates are spread', () => {
    const factor = fc.oneof(
      fc.double({ min: 50, max: 1000, noNaN: true }),
      fc.double({ min: 1e-4, max: 1 / 50, noNaN: true }),
    );
    fc.assert(
      fc.property(factor, fc.integer(), (times, seed) => {
        const random = seededRandom(seed);
        const sanity = new ModelSanity();
        const next = (): JudgedRow => rowOf(Math.min(0.99, 0.001 * times * (0.5 + random.next())), 0.001);
        expect(judge(sanity, meanRowCount + 10, next)).toBe(meanRowCount - 1);
        expect(sanity.finding).toBe('mean');
      }),
      { numRuns: 50 },
    );
  });

  it('is forgiven when single calls are right again', () => {
    const sanity = new ModelSanity();
    let rate = 0.4;
    const next = (): JudgedRow => {
      rate += 1e-4;
      return rowOf(rate, 0.01);
    };
    judge(sanity, meanRowCount, next);
    expect(judge(sanity, 100, next)).toBe(0);
    expect(judge(sanity, soundCallsMin, () => rowOf(0.02, 0.01))).toBe(soundCallsMin);
    expect(sanity.finding).toBeNull();
  });

  it('near the priors is none: the fallback may have learned from the wrong model', () => {
    const sanity = new ModelSanity();
    let rate = 0.004;
    const next = (): JudgedRow => {
      rate += 1e-6;
      return rowOf(rate, 0.9);
    };
    expect(judge(sanity, 2 * meanRowCount, next)).toBe(2 * meanRowCount);
  });
});

describe('no false alarm', () => {
  const isTrusted = (next: (random: ReturnType<typeof seededRandom>) => JudgedRow): void => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const sanity = new ModelSanity();
      expect(judge(sanity, 5000, () => next(random))).toBe(5000);
    }
  };

  it('for a model that is flat', () => isTrusted((random) => rowOf(0.001 + 1e-5 * random.next(), 0.001)));

  it('for a model of few steps', () => isTrusted((random) => rowOf(random.next() < 0.9 ? 0.001 : 0.004, 0.0013)));

  it('for a model with 1 sharp row in 30', () =>
    isTrusted((random) => rowOf(random.next() < 0.033 ? 0.3 + 0.1 * random.next() : 1e-6 * random.next(), 0.0115)));

  it('while nothing was learned', () => isTrusted((random) => rowOf(0.3 + 0.5 * random.next())));
});
