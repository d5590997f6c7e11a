/**
 * What a campaign will have spent at its end, for the delivery report: what is left of its budget, unless the traffic that
 * the curve expects cannot take so much at full bid and throttle.
 */
import type { PacingSignal } from './controller.ts';
import type { DayPlan, Funds } from './day-plan.ts';
import { expectedTraffic, type Flight } from './flight.ts';
import type { TrafficCurve } from './traffic-curve.ts';

/** Spend goes with about this power of the bid: a lower bid wins less, and cheaper. */
const BID_ELASTICITY = 1.5;
/** Prices move slowly, and few wins need a long look. */
const PRICE_MS = 1_800_000;
const WEEK_MS = 604_800_000;

export class SpendForecast {
  readonly #flight: Flight;
  readonly #curve: TrafficCurve;
  #spentNanos = 0;
  /** Opportunities, each by how much of it was taken. */
  #taken = 0;

  constructor(flight: Flight, curve: TrafficCurve) {
    this.#flight = flight;
    this.#curve = curve;
  }

  /** Seen by this process in the last `elapsedMs`, while taking part as `signal` says. */
  observe(elapsedMs: number, eligible: number, spentNanos: number, { throttle, multiplier }: PacingSignal): void {
    const kept = Math.exp(-elapsedMs / PRICE_MS);
    this.#spentNanos = this.#spentNanos * kept + spentNanos;
    this.#taken = this.#taken * kept + eligible * throttle * multiplier ** BID_ELASTICITY;
  }

  /** Of all processes, of which this one has `share` of the spend. */
  spendUntilEnd(nowMs: number, plan: DayPlan, { unspent }: Funds, share: number): number {
    const left = this.#flight.endAt === null ? Math.min(unspent, plan.amount) : unspent;
    return Math.min(left, this.capacity(nowMs, plan, share));
  }

  /** What could be spent at full bid and throttle; Infinity while nothing is known of traffic or prices. */
  capacity(nowMs: number, plan: DayPlan, share: number): number {
    if (!this.#curve.isLearned || !(this.#spentNanos > 0) || !(this.#taken > 0)) return Infinity;
    const traffic = this.#trafficUntil(nowMs, this.#flight.endAt ?? plan.untilMs);
    return (traffic * this.#spentNanos) / this.#taken / share;
  }

  /** A long flight is a number of weeks like the next one. */
  #trafficUntil(nowMs: number, endMs: number): number {
    const aheadMs = Math.max(0, endMs - nowMs);
    if (aheadMs <= WEEK_MS) return expectedTraffic(this.#flight, this.#curve, nowMs, endMs);
    return expectedTraffic(this.#flight, this.#curve, nowMs, nowMs + WEEK_MS) * (aheadMs / WEEK_MS);
  }
}
