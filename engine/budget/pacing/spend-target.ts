/**
 * From the plan and what was really spent to the rate at which money should go out now, all processes together: on plan,
 * what the plan says; off plan, back to it within minutes, but never so fast that a slot gets far above its plan, unless
 * nothing slower could spend what is left.
 */
import { clamp } from './controller.ts';
import type { DayPlan } from './day-plan.ts';

/** Time in which a small deviation from the plan is made good. */
const CATCH_UP_MS = 600_000;
/** Fastest and slowest, in plans. A slot is to stay below 1.5 of them, and noise needs its part of that. */
const FASTEST = 1.2;
const SLOWEST = 0.5;

/** Once the plan is through, what is left goes out in so long: it is little, and the time after it is the reserve. */
const FINISH_MS = 20_000;

/** Per ms. `spent` is since the plan began, of all processes. */
export function targetRate(plan: DayPlan, atMs: number, spent: number): number {
  const left = plan.amount - spent;
  if (!(left > 0) || atMs >= plan.untilMs) return 0;
  const planned = plan.plannedBy(atMs);
  const unplanned = plan.amount - planned;
  if (!(unplanned > 0)) return left / Math.min(FINISH_MS, plan.untilMs - atMs);
  const rate = plan.rateAt(atMs);
  // Spreads what is left like the plan spreads what it had left: the slowest that can still spend all.
  const sustained = rate * (left / unplanned);
  return clamp(rate + (planned - spent) / CATCH_UP_MS, SLOWEST * rate, Math.max(FASTEST * rate, sustained));
}
