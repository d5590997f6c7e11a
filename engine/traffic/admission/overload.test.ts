/**
 * Open-loop overload in virtual time. Two worlds:
 * - "at equal cost": degrading saves nothing and refusing costs 0.04 ms, about what a bare HTTP answer costs node. Here the
 *   goals of goodput against the peak can be met by refusing alone. At 10x one could not refuse dearer: 3,600 refusals a
 *   second of 0.1 ms each eat 36% of the only core, whatever decides them.
 * - "degrading saves": refusing costs 0.1 ms, degraded auctions ask fewer DSPs and cost less.
 */
import { describe, expect, it } from 'vitest';
import {
  CAPACITY_PER_SEC,
  type SecondReport,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from './testing/event-loop-simulation.ts';

const AT_EQUAL_COST = { seed: 1, shedCpuMs: 0.04, retriesMax: 0, admission: true, degradingSaves: false };
const DEGRADING_SAVES = { ...AT_EQUAL_COST, shedCpuMs: 0.1, degradingSaves: true };

/** Half of capacity for 3 s, `factor` of capacity for 10 s, half again for 8 s. */
function surge(factor: number, world: Omit<SimulationOptions, 'phases'>): SimulationReport {
  const calm = CAPACITY_PER_SEC / 2;
  const phases = [
    { untilMs: 3000, ratePerSec: calm },
    { untilMs: 13_000, ratePerSec: CAPACITY_PER_SEC * factor },
    { untilMs: 21_000, ratePerSec: calm },
  ];
  return simulate({ ...world, phases });
}

/** Without the first second, in which the credit for bursts is spent on whoever comes, and the limit is found. */
const during = ({ seconds }: SimulationReport): readonly SecondReport[] => seconds.slice(4, 13);

function perSecond(seconds: readonly SecondReport[], field: 'good' | 'late' | 'shed' | 'degraded'): number {
  return seconds.reduce((sum, second) => sum + second[field], 0) / seconds.length;
}

function p99(seconds: readonly SecondReport[]): number {
  const sorted = seconds.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)]!;
}

describe('overload at equal cost', () => {
  const calm = surge(0.5, AT_EQUAL_COST);
  const peak = Math.max(...[1, 1.5, 2].map((factor) => perSecond(during(surge(factor, AT_EQUAL_COST)), 'good')));

  it('refuses and degrades nobody at half of capacity', () => {
    expect(perSecond(calm.seconds, 'shed')).toBe(0);
    expect(perSecond(calm.seconds, 'degraded')).toBe(0);
  });

  it('its peak, the measure below, is not itself low: over 92% of what the CPU could do without a limit', () => {
    expect(peak).toBeGreaterThan(0.92 * CAPACITY_PER_SEC);
  });

  // At 10x the valued twentieth alone is half of capacity and may exceed the limit, so 1.3 cannot be promised (docs/overload.md).
  it.each([
    [2, 0.95, 1.3],
    [5, 0.9, 1.3],
    [10, 0.85, 1.4],
  ])(
    'at %i x capacity goodput is at least %f of the peak, p99 at most %f x that at half load',
    (factor, share, ratio) => {
      const { seconds, snapshot } = surge(factor, AT_EQUAL_COST);
      const overload = during({ seconds, snapshot });
      expect(perSecond(overload, 'good') / peak).toBeGreaterThanOrEqual(share);
      expect(p99(overload) / p99(calm.seconds)).toBeLessThanOrEqual(ratio);
      expect(perSecond(seconds.slice(4), 'late')).toBeLessThan(factor);
      expect(snapshot.zone).toBe('open');
    },
  );

  it('keeps what is worth most: nearly all valued requests at 5 x', () => {
    const seconds = during(surge(5, AT_EQUAL_COST));
    const valuedShed = seconds.reduce((sum, second) => sum + second.valuedShed, 0);
    const valuedArrivals = 0.05 * seconds.reduce((sum, second) => sum + second.arrivals, 0);
    expect(valuedShed).toBeLessThan(0.02 * valuedArrivals);
  });

  it('is back to the baseline within 5 s', () => {
    const { seconds } = surge(10, AT_EQUAL_COST);
    const recovered = seconds.slice(17, 20);
    expect(perSecond(recovered, 'shed')).toBe(0);
    expect(perSecond(recovered, 'degraded')).toBe(0);
    expect(p99(recovered) / p99(calm.seconds)).toBeLessThan(1.1);
  });
});

describe('overload when degrading saves', () => {
  it.each([2, 5, 10])('at %i x capacity it answers more than full service could', (factor) => {
    const overload = during(surge(factor, DEGRADING_SAVES));
    expect(perSecond(overload, 'good')).toBeGreaterThan(1.25 * CAPACITY_PER_SEC);
    expect(p99(overload) / p99(surge(0.5, DEGRADING_SAVES).seconds)).toBeLessThanOrEqual(1.3);
  });

  it('degrades before it refuses: at 1.25 x all but a tenth are answered', () => {
    const overload = during(surge(1.25, DEGRADING_SAVES));
    expect(perSecond(overload, 'good')).toBeGreaterThan(0.9 * 1.25 * CAPACITY_PER_SEC);
  });
});

describe('retry storm', () => {
  const storm = (admission: boolean): SimulationReport => {
    const phases = [
      { untilMs: 3000, ratePerSec: 0.7 * CAPACITY_PER_SEC },
      { untilMs: 8000, ratePerSec: 3 * CAPACITY_PER_SEC },
      { untilMs: 15_000, ratePerSec: 0.7 * CAPACITY_PER_SEC },
    ];
    return simulate({ ...DEGRADING_SAVES, seed: 3, retriesMax: 5, admission, phases });
  };

  it('every refused request is repeated five times, and it ends with its cause', () => {
    const { seconds } = storm(true);
    const after = seconds.slice(10, 14);
    expect(perSecond(seconds.slice(4, 8), 'good')).toBeGreaterThan(0.7 * CAPACITY_PER_SEC);
    expect(perSecond(after, 'shed')).toBeLessThan(0.01 * perSecond(after, 'good'));
    expect(perSecond(after, 'late')).toBe(0);
  });

  it('without admission the same storm does not end: the simulation can fail', () => {
    expect(perSecond(storm(false).seconds.slice(10, 14), 'good')).toBeLessThan(10);
  });
});
