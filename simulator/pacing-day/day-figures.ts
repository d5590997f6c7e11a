/** How a simulated day is judged. */
import { SLOT_MS, SLOTS_PER_DAY } from '../../engine/budget/pacing/local-time.ts';
import { type CampaignDay, DAY_START_MS, TICK_MS } from './campaign-day.ts';

export interface DayFigures {
  /** Above budget, or served and paid by nobody's budget; all campaigns. */
  readonly overDeliveryNanos: number;
  /** Delivered over the lesser of budget and supply: all campaigns, and the worst. */
  readonly deliveredRatio: number;
  readonly deliveredRatioMin: number;
  /** Of the spend by the end of each slot against the plan, over the budget: all campaigns, and the worst one's. */
  readonly rmse: number;
  readonly rmseMax: number;
  /** Of the spend in each slot against the plan's, over the mean plan of a slot. */
  readonly slotRmse: number;
  /** The highest spend of a slot over its plan, from three periods after `judgedFromHour`; and slots above 1.5. */
  readonly slotMax: number;
  readonly slotsAbove: number;
  /** Value minus price, over price. */
  readonly surplus: number;
  /** Value bought per unit of money, which is clicks per money. */
  readonly valuePerSpend: number;
  /** Campaigns that delivered their budget to the last unit. */
  readonly exact: number;
}

const SLOT_TICKS = SLOT_MS / TICK_MS;
const SETTLING_TICKS = 3;
const OVERSHOOT = 1.5;

export function judgeDays(days: readonly CampaignDay[], judgedFromHour: number): DayFigures {
  let over = 0;
  let ratioSum = 0;
  let ratioMin = Infinity;
  let square = 0;
  let slotSquare = 0;
  let rmseMax = 0;
  let slotMax = 0;
  let slotsAbove = 0;
  let value = 0;
  let spend = 0;
  for (const day of days) {
    const { budget, billed, absorbed } = day;
    const ratio = billed / Math.min(budget, sum(day.available));
    const slots = judgeSlots(day, judgedFromHour);
    over += Math.max(0, billed - budget) + absorbed;
    ratioSum += Math.min(1, ratio);
    ratioMin = Math.min(ratioMin, ratio);
    square += slots.square;
    slotSquare += slots.slotSquare;
    rmseMax = Math.max(rmseMax, Math.sqrt(slots.square));
    slotMax = Math.max(slotMax, slots.max);
    slotsAbove += slots.above;
    value += day.value / budget;
    spend += billed / budget;
  }
  return {
    overDeliveryNanos: over,
    deliveredRatio: ratioSum / days.length,
    deliveredRatioMin: ratioMin,
    rmse: Math.sqrt(square / days.length),
    rmseMax,
    slotRmse: Math.sqrt(slotSquare / days.length),
    slotMax,
    slotsAbove,
    surplus: (value - spend) / spend,
    valuePerSpend: value / spend,
    exact: days.filter(({ budget, billed }) => billed === budget).length,
  };
}

interface SlotFigures {
  square: number;
  slotSquare: number;
  max: number;
  above: number;
}

function judgeSlots({ plan, spent, budget }: CampaignDay, judgedFromHour: number): SlotFigures {
  const figures: SlotFigures = { square: 0, slotSquare: 0, max: 0, above: 0 };
  const judgedFromTick = (judgedFromHour * 3_600_000) / TICK_MS + SETTLING_TICKS;
  let spentSoFar = 0;
  for (let slot = 0; slot < SLOTS_PER_DAY; slot++) {
    const firstTick = slot * SLOT_TICKS;
    const planned = plannedBy(plan, firstTick + SLOT_TICKS);
    const plannedInSlot = planned - plannedBy(plan, firstTick);
    const spentInSlot = sum(spent.subarray(firstTick, firstTick + SLOT_TICKS));
    spentSoFar += spentInSlot;
    figures.square += ((spentSoFar - planned) / budget) ** 2 / SLOTS_PER_DAY;
    figures.slotSquare += ((spentInSlot - plannedInSlot) / (budget / SLOTS_PER_DAY)) ** 2 / SLOTS_PER_DAY;
    // The last slot is where the plan is through already and what is late goes out.
    if (slot === SLOTS_PER_DAY - 1 || judgedFromTick >= firstTick + SLOT_TICKS) continue;
    const from = Math.max(firstTick, judgedFromTick);
    const late = sum(spent.subarray(from, firstTick + SLOT_TICKS));
    const ratio = late / (planned - plannedBy(plan, from));
    figures.max = Math.max(figures.max, ratio);
    if (ratio > OVERSHOOT) figures.above += 1;
  }
  return figures;
}

function plannedBy(plan: CampaignDay['plan'], tick: number): number {
  return plan.plannedBy(DAY_START_MS + tick * TICK_MS);
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
