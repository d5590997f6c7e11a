import { describe, expect, it } from 'vitest';
import { SLOT_MS, SLOTS_PER_DAY, SLOTS_PER_WEEK } from './local-time.ts';
import { TrafficCurve } from './traffic-curve.ts';

function learn(curve: TrafficCurve, eventsOf: (slot: number) => number, weeks = 1): void {
  for (let week = 0; week < weeks; week++) {
    for (let slot = 0; slot < SLOTS_PER_WEEK; slot++) curve.observe(slot, eventsOf(slot), SLOT_MS);
  }
}

describe('traffic curve', () => {
  it('is uniform until learned', () => {
    const curve = new TrafficCurve();
    expect(curve.isLearned).toBe(false);
    for (const slot of [0, 50, 671]) expect(curve.rate(slot)).toBe(1);
  });

  it('has the shape of a day after one day, for the other days too', () => {
    const curve = new TrafficCurve();
    for (let slot = 0; slot < SLOTS_PER_DAY; slot++) curve.observe(slot, slot < 48 ? 1000 : 4000, SLOT_MS);
    expect(curve.rate(3 * SLOTS_PER_DAY + 60) / curve.rate(3 * SLOTS_PER_DAY + 10)).toBeCloseTo(4, 0);
  });

  it('learns weekends, and forgets what they were', () => {
    const curve = new TrafficCurve();
    const isWeekend = (slot: number): boolean => slot >= 5 * SLOTS_PER_DAY;
    learn(curve, (slot) => (isWeekend(slot) ? 100 : 1000), 3);
    expect(curve.rate(650) / curve.rate(650 - 5 * SLOTS_PER_DAY)).toBeLessThan(0.5);
    learn(curve, (slot) => (isWeekend(slot) ? 2000 : 1000), 8);
    expect(curve.rate(650) / curve.rate(650 - 5 * SLOTS_PER_DAY)).toBeGreaterThan(1.4);
  });

  it('leans on the mean where it has seen little', () => {
    const curve = new TrafficCurve();
    learn(curve, (slot) => (slot === 7 ? 3 : 0.1));
    expect(curve.rate(7) / curve.rate(8)).toBeLessThan(3);
  });

  it('learns no nonsense', () => {
    const curve = new TrafficCurve();
    for (const [events, elapsedMs] of [
      [Number.NaN, 1],
      [-1, 1],
      [1, 0],
      [Infinity, 1],
      [1, Number.NaN],
    ] as const) {
      curve.observe(0, events, elapsedMs);
    }
    expect(curve.isLearned).toBe(false);
  });

  it('goes on from its memory', () => {
    const curve = new TrafficCurve();
    learn(curve, (slot) => slot);
    expect(new TrafficCurve(curve.memory).rate(300)).toBe(curve.rate(300));
  });
});
