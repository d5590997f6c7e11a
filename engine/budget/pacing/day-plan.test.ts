import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openHours } from '../../campaign/open-hours.ts';
import { planDay } from './day-plan.ts';
import type { Flight } from './flight.ts';
import { LocalTime, SLOT_MS, SLOTS_PER_WEEK } from './local-time.ts';
import { targetRate } from './spend-target.ts';
import { TrafficCurve } from './traffic-curve.ts';

const DAY_MS = 86_400_000;
const WEDNESDAY = Date.UTC(2026, 2, 4);
const EVERY_HOUR = openHours([{ include: [], exclude: [] }]);
const utc = new LocalTime('UTC');

function flight(changed: Partial<Flight> = {}): Flight {
  const base = { startAt: WEDNESDAY, endAt: WEDNESDAY + DAY_MS, delivery: 'even', localTime: utc } as const;
  return { ...base, openHours: EVERY_HOUR, ...changed };
}

const all = (unspent: number) => ({ unspent, unspentToday: null });

describe('plan of a day', () => {
  it('is a straight line without a curve, through ten minutes before the end', () => {
    const plan = planDay(flight(), new TrafficCurve(), WEDNESDAY, all(1_430_000));
    expect(plan.plannedBy(WEDNESDAY)).toBe(0);
    expect(plan.plannedBy(WEDNESDAY + 600_000)).toBeCloseTo(10_000);
    expect(plan.rateAt(WEDNESDAY + 600_000)).toBeCloseTo(1 / 60);
    expect(plan.plannedBy(WEDNESDAY + DAY_MS - 600_000)).toBeCloseTo(1_430_000);
    expect(plan.rateAt(WEDNESDAY + DAY_MS - 1)).toBe(0);
    expect(plan.plannedBy(WEDNESDAY + DAY_MS)).toBe(1_430_000);
  });

  it('follows the learned traffic', () => {
    const curve = new TrafficCurve();
    for (let slot = 0; slot < SLOTS_PER_WEEK; slot++) curve.observe(slot, slot % 96 < 48 ? 1e6 : 3e6, SLOT_MS);
    const plan = planDay(flight(), curve, WEDNESDAY, all(1000));
    expect(plan.plannedBy(WEDNESDAY + DAY_MS / 2)).toBeCloseTo(250, -1);
  });

  it('plans nothing in closed hours', () => {
    const hours = openHours([
      { include: [48, 49], exclude: [] },
      { include: [50], exclude: [50] },
    ]);
    const plan = planDay(flight({ openHours: hours }), new TrafficCurve(), WEDNESDAY, all(1000));
    expect(plan.plannedBy(WEDNESDAY + 3_600_000)).toBeCloseTo(500);
    expect(plan.plannedBy(WEDNESDAY + 2 * 3_600_000)).toBeCloseTo(1000);
    expect(plan.rateAt(WEDNESDAY + 2.5 * 3_600_000)).toBe(0);
  });

  it('gives a day its part of the flight, and no more than its own bound', () => {
    const long = flight({ endAt: WEDNESDAY + 10 * DAY_MS });
    expect(planDay(long, new TrafficCurve(), WEDNESDAY, all(1000)).amount).toBeCloseTo(100);
    expect(planDay(long, new TrafficCurve(), WEDNESDAY, { unspent: 1000, unspentToday: 60 }).amount).toBe(60);
    const endless = flight({ endAt: null });
    expect(planDay(endless, new TrafficCurve(), WEDNESDAY, { unspent: 1000, unspentToday: 60 }).amount).toBe(60);
    const longer = flight({ endAt: WEDNESDAY + 100 * DAY_MS });
    expect(planDay(longer, new TrafficCurve(), WEDNESDAY, all(1000)).amount).toBeCloseTo(10);
  });

  it.each([
    [Date.UTC(2026, 2, 28, 23), 23],
    [Date.UTC(2026, 9, 24, 22), 25],
  ])('is as long as a day is when clocks change', (startMs, hours) => {
    const berlin = flight({ localTime: new LocalTime('Europe/Berlin'), startAt: startMs, endAt: startMs + 9 * DAY_MS });
    const plan = planDay(berlin, new TrafficCurve(), startMs, all(1000));
    expect((plan.untilMs - plan.fromMs) / 3_600_000).toBe(hours);
  });

  it('never falls, and ends at its amount', () => {
    const minute = fc.integer({ min: 0, max: 2 * 1440 });
    fc.assert(
      fc.property(minute, minute, fc.nat(1e15), minute, (start, from, unspent, length) => {
        const startAt = WEDNESDAY + start * 60_000;
        const plan = planDay(
          flight({ startAt, endAt: startAt + length * 60_000 }),
          new TrafficCurve(),
          WEDNESDAY + from * 60_000,
          all(unspent),
        );
        let before = 0;
        for (let atMs = plan.fromMs; atMs < plan.untilMs; atMs += 777_777) {
          const planned = plan.plannedBy(atMs);
          expect(planned).toBeGreaterThanOrEqual(before);
          expect(plan.rateAt(atMs)).toBeGreaterThanOrEqual(0);
          before = planned;
        }
        expect(plan.plannedBy(plan.untilMs)).toBe(plan.amount);
        expect(plan.amount).toBeLessThanOrEqual(unspent);
      }),
    );
  });
});

describe('rate of spend', () => {
  const plan = planDay(flight(), new TrafficCurve(), WEDNESDAY, all(1_430_000));
  const noon = WEDNESDAY + DAY_MS / 2;
  const planned = plan.plannedBy(noon);

  it('is the plan while on it, a little more behind it, half of it far ahead', () => {
    const rate = plan.rateAt(noon);
    expect(targetRate(plan, noon, planned)).toBeCloseTo(rate);
    expect(targetRate(plan, noon, planned - 1000)).toBeGreaterThan(rate);
    expect(targetRate(plan, noon, planned - 100_000)).toBeCloseTo(1.2 * rate);
    expect(targetRate(plan, noon, planned + 100_000)).toBeCloseTo(0.5 * rate);
  });

  it('is as high as it must be to spend what is left', () => {
    expect(targetRate(plan, noon, 0)).toBeCloseTo(plan.rateAt(noon) * (plan.amount / (plan.amount - planned)));
    expect(targetRate(plan, WEDNESDAY + DAY_MS - 300_000, plan.amount - 1000)).toBeCloseTo(1000 / 20_000);
  });

  it('is 0 when nothing is left, or nothing is known', () => {
    expect(targetRate(plan, noon, plan.amount)).toBe(0);
    expect(targetRate(plan, noon, Number.NaN)).toBe(0);
    expect(targetRate(plan, plan.untilMs, 0)).toBe(0);
  });
});
