import { describe, expect, it } from 'vitest';
import { planDay } from '../../engine/budget/pacing/day-plan.ts';
import { LocalTime, SLOT_MS, SLOTS_PER_DAY } from '../../engine/budget/pacing/local-time.ts';
import { TrafficCurve } from '../../engine/budget/pacing/traffic-curve.ts';
import { openHours } from '../../engine/campaign/open-hours.ts';
import { type CampaignDay, DAY_MS, DAY_START_MS, TICK_MS } from './campaign-day.ts';
import { judgeDays } from './day-figures.ts';

const BUDGET = 95_333_000;
const SLOT_TICKS = SLOT_MS / TICK_MS;
const OPEN = openHours([{ include: [], exclude: [] }]);
const FLIGHT = {
  startAt: DAY_START_MS,
  endAt: DAY_START_MS + DAY_MS,
  delivery: 'even',
  localTime: new LocalTime('UTC'),
  openHours: OPEN,
} as const;
const PLAN = planDay(FLIGHT, new TrafficCurve(), DAY_START_MS, { unspent: BUDGET, unspentToday: null });

/** On plan, but for one slot. */
function dayWith(slot: number, factor: number, changed: Partial<CampaignDay> = {}): CampaignDay {
  const spent = new Float64Array(DAY_MS / TICK_MS);
  for (let tick = 0; tick < spent.length; tick++) {
    const atMs = DAY_START_MS + tick * TICK_MS;
    const planned = PLAN.plannedBy(atMs + TICK_MS) - PLAN.plannedBy(atMs);
    spent[tick] = planned * (Math.floor(tick / SLOT_TICKS) === slot ? factor : 1);
  }
  const available = new Float64Array(SLOTS_PER_DAY).fill(BUDGET / 48);
  return { budget: BUDGET, plan: PLAN, spent, available, billed: BUDGET, absorbed: 0, value: BUDGET * 3, ...changed };
}

describe('judge of days', () => {
  it('a day on plan is without fault', () => {
    const figures = judgeDays([dayWith(0, 1)], 0);
    expect(figures).toMatchObject({
      overDeliveryNanos: 0,
      deliveredRatio: 1,
      exact: 1,
      slotsAbove: 0,
      valuePerSpend: 3,
    });
    expect(figures.rmseMax).toBeCloseTo(0);
    expect(figures.slotMax).toBeCloseTo(1);
  });

  it('sees a slot above one and a half plans, from three ticks after the shock on', () => {
    const days = [dayWith(0, 1), dayWith(60, 1.6)];
    expect(judgeDays(days, 14)).toMatchObject({ slotsAbove: 1, slotMax: expect.closeTo(1.6) });
    expect(judgeDays(days, 15)).toMatchObject({ slotsAbove: 1 });
    expect(judgeDays(days, 15.25)).toMatchObject({ slotsAbove: 0, slotMax: expect.closeTo(1) });
  });

  it('sees what was above budget, what nobody paid and what was not delivered', () => {
    const over = judgeDays([dayWith(0, 1, { billed: BUDGET + 1 }), dayWith(0, 1, { absorbed: 2 })], 24);
    expect(over.overDeliveryNanos).toBe(3);
    const short = judgeDays([dayWith(0, 1), dayWith(0, 1, { billed: BUDGET / 2 })], 24);
    expect(short).toMatchObject({ deliveredRatio: 0.75, deliveredRatioMin: 0.5, exact: 1 });
    const scarce = dayWith(0, 1, { billed: BUDGET / 2, available: new Float64Array(SLOTS_PER_DAY).fill(BUDGET / 192) });
    expect(judgeDays([scarce], 24).deliveredRatio).toBeCloseTo(1);
  });

  it('counts a deviation for as long as it lasts', () => {
    const { rmse, slotRmse } = judgeDays([dayWith(48, 2)], 24);
    // A 95th of the budget too much, for half of the day; one mean slot too much in one of 96.
    expect(rmse).toBeCloseTo(Math.sqrt(0.5) / 95.3, 4);
    expect(slotRmse).toBeCloseTo(Math.sqrt(1 / 96), 2);
  });
});
