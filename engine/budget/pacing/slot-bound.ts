/**
 * What all processes may spend within a quarter of an hour of the plan, however controllers err: after a surge of supply a
 * campaign that seldom wins in each of many processes takes too long to feel that it wins too often. Everybody knows what
 * all have spent to within a tick, so whoever sees the bound reached takes no part until the quarter is over.
 */
import type { DayPlan } from './day-plan.ts';
import { SLOT_MS } from './local-time.ts';

/**
 * In plans of the slot. It is to stay below 1.5: the rest is for what is spent before everybody knows, and for processes
 * of little traffic, whose plans of one slot are some percent off.
 */
const SLOT_MAX = 1.35;
/** Over the slowest that can still spend all, where that is faster: hours were lost, or the forecast was far off. */
const SUSTAINED_MAX = 1.1;
/** With less of the plan ahead that pace says nothing: what is a little late is a lot of the last hour. */
const AHEAD_MIN = 0.25;

/** Of one plan. */
export class SlotBound {
  #slot = -1;
  /** As of the last look. */
  #spent = 0;
  #spentBefore = 0;
  /** The slowest pace that can still spend all, in plans. */
  #sustained = 1;

  /** `spent`: since the plan began, all processes. `winNanos`: of one win; a slot may have one more than its part. */
  isReached(plan: DayPlan, nowMs: number, spent: number, winNanos: number): boolean {
    const slot = Math.floor(nowMs / SLOT_MS);
    const { amount } = plan;
    const plannedBefore = plan.plannedBy(slot * SLOT_MS);
    const plannedAfter = plan.plannedBy((slot + 1) * SLOT_MS);
    if (slot !== this.#slot) {
      // What was spent while nobody looked, for a slot and longer, is not all of this one.
      this.#spentBefore = slot === this.#slot + 1 ? this.#spent : spent;
      this.#slot = slot;
      const ahead = amount - plannedBefore;
      if (ahead > amount * AHEAD_MIN) this.#sustained = (amount - this.#spentBefore) / ahead;
    }
    this.#spent = spent;
    // Where the plan is through, what is late goes out.
    if (!(plannedAfter < amount)) return false;
    const slotMax = (plannedAfter - plannedBefore) * Math.max(SLOT_MAX, SUSTAINED_MAX * this.#sustained);
    return spent - this.#spentBefore >= slotMax + winNanos;
  }
}
