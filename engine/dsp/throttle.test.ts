import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './testing/simulate-dsp.ts';
import { THROTTLE_DEFAULTS, Throttle } from './throttle.ts';

/** Offers `perSecond` calls for `durationMs`, calls the share that may pass (at least one per 750 ms); mean share. */
function drive(throttle: Throttle, fromMs: number, durationMs: number, perSecond: number, failRatio: number): number {
  const random = seededRandom(fromMs + 7);
  let calledAtMs = fromMs;
  let called = 0;
  let offered = 0;
  for (let nowMs = fromMs; nowMs < fromMs + durationMs; nowMs += 1000 / perSecond) {
    offered += 1;
    if (random() >= throttle.share && nowMs - calledAtMs < 750) continue;
    calledAtMs = nowMs;
    called += 1;
    throttle.record(random() < failRatio, nowMs);
  }
  return called / offered;
}

describe('throttle', () => {
  it('leaves a healthy DSP alone', () => {
    const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
    expect(drive(throttle, 0, 600_000, 50, 0.03)).toBeGreaterThan(0.999);
  });

  it('passes under 5% two seconds after a DSP fails all, at 50 calls a second and more', () => {
    for (const perSecond of [50, 200, 2000]) {
      const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
      drive(throttle, 0, 10_000, perSecond, 0);
      drive(throttle, 10_000, 2000, perSecond, 1);
      expect(throttle.share).toBeLessThan(0.05);
      expect(drive(throttle, 12_000, 10_000, perSecond, 1)).toBeLessThan(0.05);
    }
  });

  it('drops in proportion: a straight line between healthy and sick', () => {
    for (const [failRatio, share] of [
      [0.3, 0.77],
      [0.5, 0.46],
      [0.7, 0.15],
    ] as const) {
      const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
      drive(throttle, 0, 10_000, 200, failRatio);
      expect(Math.abs(drive(throttle, 10_000, 120_000, 200, failRatio) - share)).toBeLessThan(0.08);
    }
  });

  it('passes all within 10 s of healing', () => {
    for (const perSecond of [10, 50, 1000]) {
      const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
      drive(throttle, 0, 60_000, perSecond, 1);
      drive(throttle, 60_000, 9000, perSecond, 0);
      expect(throttle.share).toBeGreaterThan(0.9);
    }
  });

  it('takes one failure at few calls for one failure', () => {
    const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
    throttle.record(true, 5000);
    expect(throttle.share).toBe(1);
  });

  it('never passes less than the floor or more than all, and a better result never lowers the share', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2000), fc.boolean())), (results) => {
        const throttle = new Throttle(THROTTLE_DEFAULTS, 0);
        const better = new Throttle(THROTTLE_DEFAULTS, 0);
        let nowMs = 0;
        for (const [index, [gapMs, isFailure]] of results.entries()) {
          nowMs += gapMs;
          throttle.record(isFailure, nowMs);
          better.record(isFailure && index % 2 === 0, nowMs);
          expect(throttle.share).toBeGreaterThanOrEqual(0.01);
          expect(throttle.share).toBeLessThanOrEqual(1);
          expect(better.share).toBeGreaterThanOrEqual(throttle.share);
        }
        throttle.reset();
        expect(throttle.share).toBe(1);
      }),
    );
  });
});
