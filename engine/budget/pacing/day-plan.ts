/**
 * How much is to be spent by any moment of the rest of a local day: today's part of what is left, laid along the expected
 * traffic. Made anew each day and whenever budget, schedule or status change.
 */
import { expectedTraffic, type Flight } from './flight.ts';
import { SLOT_MS } from './local-time.ts';
import type { TrafficCurve } from './traffic-curve.ts';

/** What may still be spent, all processes together. Nanos, or impressions of a guaranteed line item. */
export interface Funds {
  readonly unspent: number;
  /** Of today's bound; null: there is none. */
  readonly unspentToday: number | null;
}

/**
 * The plan is through a little before the day or flight is, so that the last minutes are there for what is late: money
 * that comes back from other processes, slots in which traffic fell short. The LinkedIn pacer plans 22 of 24 hours for
 * the same reason; ten minutes do when the controller catches up within minutes.
 */
const FINISH_EARLY_MS = 600_000;
/** Of short flights at most so much. */
const FINISH_EARLY_SHARE = 0.01;
const WEEK_MS = 604_800_000;
/** Longer flights are weighed by one week of theirs. */
const EXACT_WEEKS = 4;

export class DayPlan {
  /** Epoch ms; the plan is for [fromMs, untilMs). */
  readonly fromMs: number;
  readonly untilMs: number;
  /** To be spent in that time. */
  readonly amount: number;
  /** Where slots begin, and the end; and the share of the amount that is planned by then. */
  readonly #bounds: Float64Array;
  readonly #shares: Float64Array;

  constructor(fromMs: number, untilMs: number, amount: number, bounds: Float64Array, shares: Float64Array) {
    this.fromMs = fromMs;
    this.untilMs = untilMs;
    this.amount = amount;
    this.#bounds = bounds;
    this.#shares = shares;
  }

  /** To be spent since `fromMs`. */
  plannedBy(atMs: number): number {
    if (atMs < this.fromMs) return 0;
    if (atMs >= this.untilMs) return this.amount;
    const slot = this.#slotAt(atMs);
    const startMs = this.#bounds[slot]!;
    const part = (atMs - startMs) / (this.#bounds[slot + 1]! - startMs);
    const share = this.#shares[slot]!;
    return this.amount * (share + part * (this.#shares[slot + 1]! - share));
  }

  /** To be spent per ms at that moment; 0 outside of the plan. */
  rateAt(atMs: number): number {
    if (atMs < this.fromMs || atMs >= this.untilMs) return 0;
    const slot = this.#slotAt(atMs);
    const lengthMs = this.#bounds[slot + 1]! - this.#bounds[slot]!;
    return (this.amount * (this.#shares[slot + 1]! - this.#shares[slot]!)) / lengthMs;
  }

  /** The first slot may be cut short, all others begin at quarters of an hour (or where the plan ends early). */
  #slotAt(atMs: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (bounds[middle]! <= atMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Of the local day that `fromMs` is in, or of what is left of it. */
export function planDay(flight: Flight, curve: TrafficCurve, fromMs: number, funds: Funds): DayPlan {
  const untilMs = Math.max(fromMs, Math.min(flight.localTime.nextDayStart(fromMs), flight.endAt ?? Infinity));
  const lengthMs = untilMs - fromMs;
  const finishMs = untilMs - Math.min(FINISH_EARLY_MS, lengthMs * FINISH_EARLY_SHARE);
  const bounds = slotBounds(fromMs, finishMs, untilMs);
  const weights = new Float64Array(bounds.length);
  for (let slot = 1; slot < bounds.length; slot++) {
    const endMs = Math.min(bounds[slot]!, finishMs);
    weights[slot] = weights[slot - 1]! + expectedTraffic(flight, curve, bounds[slot - 1]!, endMs);
  }
  const traffic = weights.at(-1)!;
  const share = shareOfToday(flight, curve, fromMs, untilMs);
  const amount = traffic > 0 ? Math.min(funds.unspent * share, funds.unspentToday ?? Infinity) : 0;
  const shares = traffic > 0 ? weights.map((weight) => weight / traffic) : weights;
  return new DayPlan(fromMs, untilMs, Math.max(0, amount), bounds, shares);
}

/** All of it, when there is no end to spread it to: then the daily budget alone bounds a day. */
function shareOfToday(flight: Flight, curve: TrafficCurve, fromMs: number, untilMs: number): number {
  if (flight.delivery === 'asap' || flight.endAt === null || untilMs >= flight.endAt) return 1;
  const today = expectedTraffic(flight, curve, fromMs, untilMs);
  const restMs = flight.endAt - fromMs;
  const rest =
    restMs <= EXACT_WEEKS * WEEK_MS
      ? expectedTraffic(flight, curve, fromMs, flight.endAt)
      : expectedTraffic(flight, curve, fromMs, fromMs + WEEK_MS) * (restMs / WEEK_MS);
  return rest > 0 ? Math.min(1, today / rest) : 0;
}

function slotBounds(fromMs: number, finishMs: number, untilMs: number): Float64Array {
  const bounds = [fromMs];
  for (let atMs = (Math.floor(fromMs / SLOT_MS) + 1) * SLOT_MS; atMs < finishMs; atMs += SLOT_MS) bounds.push(atMs);
  if (finishMs > bounds.at(-1)!) bounds.push(finishMs);
  // Slots after the early finish carry no weight, but a report shows them.
  for (let atMs = (Math.floor(finishMs / SLOT_MS) + 1) * SLOT_MS; atMs < untilMs; atMs += SLOT_MS) bounds.push(atMs);
  bounds.push(untilMs > bounds.at(-1)! ? untilMs : bounds.at(-1)! + 1);
  return Float64Array.from(bounds);
}
