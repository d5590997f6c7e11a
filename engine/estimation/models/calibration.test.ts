import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { PROBABILITY_MIN, readCalibration } from './calibration.ts';
import { ModelFormatError } from './model-format-error.ts';

const ISOTONIC = { kind: 'isotonic', scores: [0.1, 0.2, 0.4], rates: [0, 0.3, 1] };

test('isotonic: linear between points, flat outside', () => {
  const calibration = readCalibration(ISOTONIC);
  const expected = [
    [0, PROBABILITY_MIN],
    [0.1, PROBABILITY_MIN],
    [0.15, 0.15],
    [0.2, 0.3],
    [0.3, 0.65],
    [0.4, 1 - PROBABILITY_MIN],
    [1, 1 - PROBABILITY_MIN],
  ] as const;
  for (const [score, rate] of expected) expect(calibration.calibrate(score), `${score}`).toBeCloseTo(rate, 12);
  expect(readCalibration({ kind: 'isotonic', scores: [0.5], rates: [0.2] }).calibrate(0.9)).toBe(0.2);
});

test('Platt, on log-odds', () => {
  expect(readCalibration({ kind: 'platt', slope: 1, intercept: 0 }).calibrate(0.37)).toBeCloseTo(0.37, 14);
  const expected = 1 / (1 + Math.exp(-(0.8 * Math.log(0.02 / 0.98) - 0.1)));
  expect(readCalibration({ kind: 'platt', slope: 0.8, intercept: -0.1 }).calibrate(0.02)).toBeCloseTo(expected, 14);
});

test('the prior of down-sampled negatives is corrected before the map', () => {
  // 10 clicks in 1,000 impressions; training kept every tenth of the 990 others.
  const sampled = 10 / (10 + 99);
  expect(readCalibration({ kind: 'none', negativeSampleRate: 0.1 }).calibrate(sampled)).toBeCloseTo(0.01, 14);
  const map = { kind: 'isotonic', scores: [0.009, 0.011], rates: [0.02, 0.04] };
  expect(readCalibration({ ...map, negativeSampleRate: 0.1 }).calibrate(sampled)).toBeCloseTo(0.03, 14);
});

test('in place, a part of a batch', () => {
  const scores = Float64Array.of(0.15, 0.3, 0.3);
  readCalibration(ISOTONIC).calibrateAll(scores, 2);
  expect(scores[1]).toBeCloseTo(0.65, 12);
  expect(scores[2]).toBe(0.3);
});

test('what is no probability does not become one', () => {
  for (const score of [Number.NaN, -1e-9, 1 + 1e-9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(readCalibration(ISOTONIC).calibrate(score)).toBeNaN();
  }
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const rate = fc.double({ min: 1e-300, max: 1, noNaN: true });
const isotonic = fc.uniqueArray(share, { minLength: 1, maxLength: 20, comparator: (a, b) => a === b }).chain((scores) =>
  fc.array(share, { minLength: scores.length, maxLength: scores.length }).map((rates) => ({
    kind: 'isotonic',
    scores: scores.toSorted((a, b) => a - b),
    rates: rates.toSorted((a, b) => a - b),
  })),
);
const platt = fc.record({
  kind: fc.constant('platt'),
  slope: fc.double({ min: 1e-300, noDefaultInfinity: true, noNaN: true }),
  intercept: fc.double({ noDefaultInfinity: true, noNaN: true }),
});

test('never falls, and is always inside (0, 1)', () => {
  const anyMap = fc.oneof(isotonic, platt, fc.constant({ kind: 'none' }));
  fc.assert(
    fc.property(anyMap, rate, fc.array(share, { minLength: 2, maxLength: 30 }), (map, negativeSampleRate, scores) => {
      const calibration = readCalibration({ ...map, negativeSampleRate });
      const rates = scores.toSorted((a, b) => a - b).map((score) => calibration.calibrate(score));
      for (const [index, value] of rates.entries()) {
        expect(value).toBeGreaterThanOrEqual(PROBABILITY_MIN);
        expect(value).toBeLessThanOrEqual(1 - PROBABILITY_MIN);
        // Rounding may take a unit in the last place or two.
        if (index > 0) expect(value).toBeGreaterThanOrEqual(rates[index - 1]! * (1 - 1e-14));
      }
    }),
    { numRuns: 500 },
  );
});

describe('what is no calibration is refused', () => {
  it.each([
    [null, /is not an object/],
    [[], /is not an object/],
    [{}, /kind: "undefined"/],
    [{ kind: 'magic' }, /kind: "magic" is not one of isotonic, platt, none/],
    [{ ...ISOTONIC, slope: 1 }, /slope: is not one of/],
    [{ kind: 'isotonic', scores: [0.1], rates: [0.1, 0.2] }, /rates: 2 for 1 scores/],
    [{ kind: 'isotonic', scores: [], rates: [] }, /scores: is not a list/],
    [{ kind: 'isotonic', scores: [0.2, 0.2], rates: [0.1, 0.2] }, /scores\[1\]: does not rise/],
    [{ kind: 'isotonic', scores: [0.1, 0.2], rates: [0.2, 0.1] }, /rates\[1\]: falls/],
    [{ kind: 'isotonic', scores: [0.1, 0.2], rates: [0.2, 1.1] }, /rates\[1\]: is not in \[0, 1\]/],
    [{ kind: 'isotonic', scores: [-0.1, 0.2], rates: [0.2, 0.3] }, /scores\[0\]: is not in \[0, 1\]/],
    [{ kind: 'isotonic', scores: [0.1, Number.NaN], rates: [0.2, 0.3] }, /scores\[1\]: is not a finite/],
    [{ kind: 'platt', slope: 0, intercept: 0 }, /slope: is not above 0/],
    [{ kind: 'platt', slope: 1 }, /intercept: is not a finite number/],
    [{ kind: 'none', negativeSampleRate: 0 }, /negativeSampleRate: is not in \(0, 1\]/],
    [{ kind: 'none', negativeSampleRate: 1.5 }, /negativeSampleRate/],
    [{ kind: 'none', negativeSampleRate: '1' }, /negativeSampleRate: is not a finite number/],
  ])('%j', (json, message) => {
    expect(() => readCalibration(json)).toThrow(ModelFormatError);
    expect(() => readCalibration(json)).toThrow(message);
  });
});
