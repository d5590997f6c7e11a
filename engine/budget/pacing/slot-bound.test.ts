import { describe, expect, it } from 'vitest';
import { openHours } from '../../campaign/open-hours.ts';
import { type DayPlan, planDay } from './day-plan.ts';
import { LocalTime, SLOT_MS } from './local-time.ts';
import { SlotBound } from './slot-bound.ts';
import { TrafficCurve } from './traffic-curve.ts';

const START = Date.UTC(2026, 2, 4);
const DAY_MS = 86_400_000;
const TICK_MS = 10_000;

function evenPlan(amount: number, startAt = START): DayPlan {
  const open = openHours([{ include: [], exclude: [] }]);
  const flight = {
    startAt,
    endAt: START + DAY_MS,
    delivery: 'even',
    localTime: new LocalTime('UTC'),
    openHours: open,
  } as const;
  return planDay(flight, new TrafficCurve(), startAt, { unspent: amount, unspentToday: null });
}

/** What gets through of so much a tick, by slot. */
function spendBySlot(plan: DayPlan, perTick: number): number[] {
  const bound = new SlotBound();
  bound.isReached(plan, START, 0, 0);
  const slots: number[] = [];
  let spent = 0;
  let isHeld = false;
  for (let atMs = START; atMs < START + DAY_MS; atMs += TICK_MS) {
    if (!isHeld) spent += Math.min(perTick, plan.amount - spent);
    const slot = Math.floor((atMs - START) / SLOT_MS);
    slots[slot] = spent - slots.slice(0, slot).reduce((sum, amount) => sum + amount, 0);
    isHeld = bound.isReached(plan, atMs + TICK_MS, spent, 0);
  }
  return slots;
}

describe('bound of a slot', () => {
  it('a slot ends at 1.35 of its plan however fast it is spent, and the next one begins', () => {
    const plan = evenPlan(95_333);
    for (const perTick of [10, 20, 55]) {
      const first = spendBySlot(plan, perTick).slice(0, 40);
      expect(Math.max(...first)).toBeLessThan(1500);
      expect(Math.min(...first)).toBeGreaterThanOrEqual(900);
    }
  });

  it('leaves alone what stays below', () => {
    expect(spendBySlot(evenPlan(95_333), 13).slice(0, 70)).toEqual(Array(70).fill(1170));
  });

  it('does not keep a campaign that is far behind from delivering all', () => {
    const plan = evenPlan(95_333);
    const bound = new SlotBound();
    const noon = START + DAY_MS / 2;
    // A quarter of the plan at noon: 1.5 plans from here on.
    const spent = plan.amount / 4;
    bound.isReached(plan, noon - TICK_MS, spent, 0);
    expect(bound.isReached(plan, noon + SLOT_MS - TICK_MS, spent + 1500, 0)).toBe(false);
    expect(bound.isReached(plan, noon + SLOT_MS - TICK_MS, spent + 1700, 0)).toBe(true);
  });

  it('does not let the last hours take what is a little late', () => {
    const plan = evenPlan(95_333);
    const bound = new SlotBound();
    for (let slot = 0; slot <= 92; slot++) bound.isReached(plan, START + slot * SLOT_MS, slot * 950, 0);
    // A twentieth is late: 2.5 plans from here on.
    expect(bound.isReached(plan, START + 92 * SLOT_MS + TICK_MS, 91 * 950 + 1250, 0)).toBe(false);
    expect(bound.isReached(plan, START + 92 * SLOT_MS + TICK_MS, 91 * 950 + 1500, 0)).toBe(true);
  });

  it('lets a slot have one win more than its part', () => {
    const plan = evenPlan(48);
    const bound = new SlotBound();
    bound.isReached(plan, START, 0, 1);
    expect(bound.isReached(plan, START + TICK_MS, 1, 1)).toBe(false);
    expect(bound.isReached(plan, START + TICK_MS, 2, 1)).toBe(true);
  });

  it('holds nothing back once the plan is through', () => {
    const plan = evenPlan(95_333);
    const bound = new SlotBound();
    bound.isReached(plan, START + DAY_MS - SLOT_MS - TICK_MS, 0, 0);
    expect(bound.isReached(plan, START + DAY_MS - SLOT_MS, 50_000, 0)).toBe(false);
  });

  it('a plan that begins within a slot bounds the rest of it', () => {
    const startAt = START + 10 * SLOT_MS + SLOT_MS / 2;
    const plan = evenPlan(85_000, startAt);
    const half = plan.plannedBy(START + 11 * SLOT_MS);
    const bound = new SlotBound();
    expect(bound.isReached(plan, startAt, 0, 0)).toBe(false);
    expect(bound.isReached(plan, startAt + TICK_MS, half * 1.3, 0)).toBe(false);
    expect(bound.isReached(plan, startAt + TICK_MS, half * 1.5, 0)).toBe(true);
  });

  it('what was spent while nobody looked does not all count for this slot', () => {
    const plan = evenPlan(95_333);
    const bound = new SlotBound();
    bound.isReached(plan, START, 0, 0);
    expect(bound.isReached(plan, START + 8 * SLOT_MS, 8000, 0)).toBe(false);
    expect(bound.isReached(plan, START + 8 * SLOT_MS + TICK_MS, 9500, 0)).toBe(true);
  });
});
