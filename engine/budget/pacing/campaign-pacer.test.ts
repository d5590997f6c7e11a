import { describe, expect, it } from 'vitest';
import { openHours } from '../../campaign/open-hours.ts';
import { CampaignPacer, type PacingTick } from './campaign-pacer.ts';
import type { Flight } from './flight.ts';
import { LocalTime, SLOT_MS } from './local-time.ts';
import { pidPacing } from './pid.ts';
import { TrafficCurve } from './traffic-curve.ts';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 2, 4);
const BUDGET = 1_000_000_000;

function pacerOf(changed: Partial<Flight> = {}, curve = new TrafficCurve()) {
  const flight: Flight = {
    startAt: START,
    endAt: START + 24 * HOUR_MS,
    delivery: 'even',
    localTime: new LocalTime('UTC'),
    openHours: openHours([{ include: [], exclude: [] }]),
    ...changed,
  };
  const start = { nowMs: START, funds: { unspent: BUDGET, unspentToday: null }, share: 1 };
  return new CampaignPacer(flight, curve, pidPacing, start);
}

/** Ticks of ten seconds with 100 opportunities each, won at 10,000 nanos whenever it takes part. */
function run(pacer: CampaignPacer, fromMs: number, toMs: number, unspent: number): number {
  let left = unspent;
  for (let nowMs = fromMs + 10_000; nowMs <= toMs; nowMs += 10_000) {
    const wins = Math.round(100 * pacer.signal.throttle);
    left -= wins * 10_000;
    pacer.tick({ nowMs, eligible: 100, wins, spentNanos: wins * 10_000, funds: { unspent: left, unspentToday: null } });
  }
  return left;
}

describe('pacer of a campaign', () => {
  it('spends along its plan', () => {
    const pacer = pacerOf();
    const left = run(pacer, START, START + 6 * HOUR_MS, BUDGET);
    expect((BUDGET - left) / pacer.plan.plannedBy(START + 6 * HOUR_MS)).toBeCloseTo(1, 1);
  });

  it('takes all it can get when it is to be through as soon as possible, and no part in closed hours', () => {
    expect(pacerOf({ delivery: 'asap' }).signal).toEqual({ throttle: 1, multiplier: 1 });
    expect(pacerOf({ startAt: START + HOUR_MS }).signal.throttle).toBe(0);
    const noNight = openHours([{ include: [], exclude: [48] }]);
    expect(pacerOf({ openHours: noNight }).signal.throttle).toBe(0);
    const pacer = pacerOf({ delivery: 'asap' });
    run(pacer, START, START + 24 * HOUR_MS, BUDGET * 100);
    expect(pacer.signal.throttle).toBe(0);
  });

  it('takes no part in the rest of a quarter of an hour in which all processes have spent 1.35 of its plan', () => {
    const pacer = pacerOf();
    const slotEnd = START + 5 * SLOT_MS;
    const left = run(pacer, START, slotEnd - SLOT_MS + 60_000, BUDGET);
    const { throttle } = pacer.signal;
    const spentByOthers = 1.5 * (pacer.plan.amount / 96);
    const after = run(pacer, slotEnd - SLOT_MS + 60_000, slotEnd - 10_000, left - spentByOthers);
    expect(pacer.signal.throttle).toBe(0);
    expect(left - spentByOthers - after).toBeLessThan(pacer.plan.amount / 96 / 50);
    run(pacer, slotEnd - 10_000, slotEnd, after);
    // And goes on where it was.
    expect(pacer.signal.throttle / throttle).toBeGreaterThan(0.4);
  });

  it('plans anew with each day', () => {
    const pacer = pacerOf({ endAt: START + 48 * HOUR_MS });
    expect(pacer.plan.amount).toBeCloseTo(BUDGET / 2);
    const left = run(pacer, START, START + 24 * HOUR_MS, BUDGET);
    expect(pacer.plan.fromMs).toBe(START + 24 * HOUR_MS);
    expect(pacer.plan.amount).toBeCloseTo(left);
  });

  it('plans anew when the budget is cut, and pursues what it has now', () => {
    const pacer = pacerOf();
    pacer.replan({ unspent: BUDGET / 10, unspentToday: null });
    expect(pacer.plan.amount).toBeCloseTo(BUDGET / 10);
  });

  it('learns its traffic slot by slot', () => {
    const curve = new TrafficCurve();
    run(pacerOf({}, curve), START, START + SLOT_MS, BUDGET);
    expect(curve.isLearned).toBe(true);
    expect(curve.rate(2 * 96)).toBeCloseTo(0.01);
  });

  it('foresees that supply will not do, and how urgent that makes it', () => {
    const pacer = pacerOf();
    expect(pacer.forecast({ unspent: BUDGET, unspentToday: null })).toBe(BUDGET);
    const left = run(pacer, START, START + HOUR_MS, BUDGET);
    // 23 hours x 360 ticks x 100 opportunities x 10,000 nanos.
    const possible = 8_280_000_000;
    expect(pacer.forecast({ unspent: possible * 2, unspentToday: null }) / possible).toBeCloseTo(1, 1);
    expect(pacer.urgency({ unspent: possible * 2, unspentToday: null })).toBeCloseTo(2, 0);
    expect(pacer.forecast({ unspent: left, unspentToday: null })).toBe(left);
  });

  it('says how far it is from its plan, once there is something to go by', () => {
    const pacer = pacerOf();
    const left = run(pacer, START, START + SLOT_MS - 10_000, BUDGET);
    expect(pacer.pace({ unspent: left, unspentToday: null })).toBeNull();
    const later = run(pacer, START + SLOT_MS - 10_000, START + 6 * HOUR_MS, left);
    expect(pacer.pace({ unspent: later, unspentToday: null })).toBeCloseTo(1, 1);
    expect(pacer.pace({ unspent: BUDGET - (BUDGET - later) / 2, unspentToday: null })).toBeCloseTo(0.5, 1);
    expect(pacer.pace({ unspent: BUDGET * 2, unspentToday: null })).toBe(0);
    const hasty = pacerOf({ delivery: 'asap' });
    run(hasty, START, START + HOUR_MS, BUDGET * 100);
    expect(hasty.pace({ unspent: BUDGET * 99, unspentToday: null })).toBeNull();
  });

  it('keeps its signal through nonsense', () => {
    const pacer = pacerOf();
    run(pacer, START, START + HOUR_MS, BUDGET);
    const before = pacer.signal;
    const sound: PacingTick = {
      nowMs: START + HOUR_MS + 10_000,
      eligible: 1,
      wins: 0,
      spentNanos: 0,
      funds: { unspent: BUDGET, unspentToday: null },
    };
    for (const nonsense of [{ eligible: Number.NaN }, { spentNanos: -1 }, { nowMs: START }, { wins: Infinity }]) {
      expect(pacer.tick({ ...sound, ...nonsense })).toEqual(before);
    }
    expect(pacer.tick({ ...sound, funds: { unspent: Number.NaN, unspentToday: null } })).toEqual(before);
  });
});
