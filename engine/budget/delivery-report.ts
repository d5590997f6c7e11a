/**
 * What an account was to deliver and did, by slot of 15 minutes, how it stands today, and where that leads. Made of what
 * the database knows alone, so it is the same whoever asks: the plan is along the traffic that engines have learned and
 * kept, or even along open hours until then.
 */
import type { AccountFigures } from '../ports/budget-ledger.ts';
import type { DeliverySlot } from '../ports/delivery-reports.ts';
import { type DayPlan, planDay } from './pacing/day-plan.ts';
import type { Flight } from './pacing/flight.ts';
import { type LocalTime, SLOT_MS } from './pacing/local-time.ts';
import type { TrafficCurve } from './pacing/traffic-curve.ts';

/** Epoch ms, [fromMs, toMs). */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface DeliveryInputs {
  readonly flight: Flight;
  readonly curve: TrafficCurve;
  /** Nobody paused or ended it. */
  readonly isSwitchedOn: boolean;
  readonly figures: AccountFigures;
  /** In the account's unit. */
  readonly dailyBudget: bigint | null;
  /** All from `slotsNeededFrom` on. */
  readonly slots: readonly DeliverySlot[];
  /** Of `reportPeriod`. */
  readonly period: Period;
  readonly nowMs: number;
}

/** Amounts are in the account's unit; those that are planned or expected are rounded estimates. */
export interface DeliveryReport {
  readonly figures: AccountFigures;
  readonly today: Period & {
    readonly plan: number;
    readonly plannedByNow: number;
    /** Less what was refunded. */
    readonly billed: bigint;
    readonly released: bigint;
  };
  /** What was billed today or is reserved, in parts of what was planned by now; null while nothing was planned. */
  readonly pace: number | null;
  /** What will have been billed by the end of its flight, or of today when it has no end, if it goes on at this pace. */
  readonly forecast: { readonly atMs: number; readonly billed: number };
  readonly slots: readonly PlannedSlot[];
}

export interface PlannedSlot extends DeliverySlot {
  readonly plan: number;
}

const DAY_MS = 86_400_000;
const REPORT_DAYS_MAX = 31;
/** One of the days may have 25 hours. */
const PERIOD_MS_MAX = REPORT_DAYS_MAX * DAY_MS + 3_600_000;

/** A period that is too long: `path` is what was asked for too early or too late. */
export class PeriodError extends RangeError {
  override readonly name = 'PeriodError';
  readonly path: 'from' | 'to';

  constructor(path: 'from' | 'to') {
    super(`the period has more than ${REPORT_DAYS_MAX} days`);
    this.path = path;
  }
}

/** Local days, whole slots, nothing beyond today. Left out: today. Throws a `PeriodError` for more than `REPORT_DAYS_MAX` days. */
export function reportPeriod({ fromMs, toMs }: Partial<Period>, localTime: LocalTime, nowMs: number): Period {
  const endOfToday = localTime.nextDayStart(nowMs);
  if (fromMs !== undefined && (toMs ?? endOfToday) - fromMs > PERIOD_MS_MAX) {
    throw new PeriodError(toMs === undefined ? 'from' : 'to');
  }
  const to = Math.min(toMs ?? endOfToday, endOfToday);
  const from = Math.min(fromMs ?? localTime.dayStart(to - 1), to);
  return { fromMs: Math.floor(from / SLOT_MS) * SLOT_MS, toMs: Math.ceil(to / SLOT_MS) * SLOT_MS };
}

/** Plans of days are made of what was spent before them. */
export function slotsNeededFrom({ fromMs }: Period, localTime: LocalTime, nowMs: number): number {
  return localTime.dayStart(Math.min(fromMs, nowMs));
}

export function deliveryReport(inputs: DeliveryInputs): DeliveryReport {
  const { flight, figures, nowMs } = inputs;
  const today = planOfDay(inputs, nowMs);
  const dayStartMs = flight.localTime.dayStart(nowMs);
  const billed = billedSince(inputs.slots, dayStartMs);
  const plannedByNow = today.plannedBy(nowMs);
  const pace = plannedByNow > 0 ? Number(billed + figures.reserved) / plannedByNow : null;
  return {
    figures,
    today: {
      fromMs: dayStartMs,
      toMs: flight.localTime.nextDayStart(nowMs),
      plan: rounded(today.amount, figures),
      plannedByNow: rounded(plannedByNow, figures),
      billed,
      released: releasedSince(inputs.slots, dayStartMs),
    },
    pace,
    forecast: forecast(inputs, { leftToday: Math.max(0, today.amount - Number(billed)), pace: pace ?? 1 }),
    slots: plannedSlots(inputs),
  };
}

/** With what was left when the day, or the flight within it, began. */
function planOfDay({ flight, curve, figures, dailyBudget, slots }: DeliveryInputs, atMs: number): DayPlan {
  const dayStartMs = flight.localTime.dayStart(atMs);
  const fromMs = Math.max(dayStartMs, Math.min(flight.startAt, flight.localTime.nextDayStart(atMs)));
  const spentBefore = figures.spent - billedSince(slots, dayStartMs);
  const unspent = Math.max(0, Number(figures.budget - spentBefore));
  const isYetToCome = flight.startAt >= flight.localTime.nextDayStart(atMs);
  const funds = { unspent: isYetToCome ? 0 : unspent, unspentToday: dailyBudget === null ? null : Number(dailyBudget) };
  return planDay(flight, curve, fromMs, funds);
}

function billedSince(slots: readonly DeliverySlot[], fromMs: number): bigint {
  let sum = 0n;
  for (const { startMs, billed, refunded } of slots) if (startMs >= fromMs) sum += billed - refunded;
  return sum;
}

function releasedSince(slots: readonly DeliverySlot[], fromMs: number): bigint {
  let sum = 0n;
  for (const { startMs, released } of slots) if (startMs >= fromMs) sum += released;
  return sum;
}

function forecast(
  { flight, figures, dailyBudget, isSwitchedOn, nowMs }: DeliveryInputs,
  { leftToday, pace }: { readonly leftToday: number; readonly pace: number },
): DeliveryReport['forecast'] {
  const endOfToday = flight.localTime.nextDayStart(nowMs);
  const atMs = flight.endAt ?? endOfToday;
  const left = isSwitchedOn && nowMs < atMs ? Math.max(0, Number(figures.budget - figures.spent)) : 0;
  const days = Math.max(0, Math.ceil((atMs - endOfToday) / DAY_MS));
  const bound = flight.endAt === null ? 0 : dailyBudget === null ? Infinity : days * Number(dailyBudget);
  const ahead = Math.min(left, leftToday) + Math.min(Math.max(0, left - leftToday), days === 0 ? 0 : bound);
  return { atMs, billed: rounded(Number(figures.spent) + ahead * Math.min(1, pace), figures) };
}

function plannedSlots(inputs: DeliveryInputs): PlannedSlot[] {
  const { flight, period, slots } = inputs;
  const known = new Map(slots.map((slot) => [slot.startMs, slot]));
  const planned: PlannedSlot[] = [];
  let plan = planOfDay(inputs, period.fromMs);
  let dayEndMs = flight.localTime.nextDayStart(period.fromMs);
  for (let startMs = period.fromMs; startMs < period.toMs; startMs += SLOT_MS) {
    if (startMs >= dayEndMs) {
      plan = planOfDay(inputs, startMs);
      dayEndMs = flight.localTime.nextDayStart(startMs);
    }
    // Rounded where it stands by then, so that the slots of a day sum up to its plan.
    const before = rounded(plan.plannedBy(startMs), inputs.figures);
    const amount = rounded(plan.plannedBy(startMs + SLOT_MS), inputs.figures) - before;
    planned.push({ ...(known.get(startMs) ?? { ...NOTHING, startMs }), plan: amount });
  }
  return planned;
}

/** Nobody plans nanos: money is planned in millionths. */
function rounded(amount: number, { unit }: AccountFigures): number {
  const grain = unit === 'nanos' ? 1000 : 1;
  return Math.round(amount / grain) * grain;
}

const NOTHING = { reserved: 0n, billed: 0n, released: 0n, refunded: 0n, absorbed: 0n, bills: 0 };
