/**
 * Paces one campaign in one process: keeps the plan of the day, learns its traffic, steers this process's share of the
 * target. Owned by a pacing shard, which ticks it and publishes the signal on the board.
 */
import { isSound, type PacingController, type PacingSignal } from './controller.ts';
import { type DayPlan, type Funds, planDay } from './day-plan.ts';
import { type Flight, isOpen } from './flight.ts';
import { SLOT_MS } from './local-time.ts';
import { ProcessShare } from './process-share.ts';
import { SlotBound } from './slot-bound.ts';
import { SpendForecast } from './spend-forecast.ts';
import { targetRate } from './spend-target.ts';
import type { TrafficCurve } from './traffic-curve.ts';

/** Of this process since the last tick. */
export interface PacingTick {
  readonly nowMs: number;
  /** Opportunities while the flight was open, whether it took part or not. */
  readonly eligible: number;
  readonly wins: number;
  readonly spentNanos: number;
  /** Of the campaign, all processes, as last known. */
  readonly funds: Funds;
}

export interface PacingStart {
  readonly nowMs: number;
  readonly funds: Funds;
  /** Of this process in the lease traffic (`BudgetStore.shares`); of a newcomer, 1 / (processes + 1). */
  readonly share: number;
}

const CLOSED: PacingSignal = { throttle: 0, multiplier: 1 };
const UNPACED: PacingSignal = { throttle: 1, multiplier: 1 };
/** The share in lease traffic is believed until about so much of the budget was spent. */
const SHARE_WEIGHT = 0.001;
/** A slot is learned from when at least so much of it was seen. */
const SEEN_MS_MIN = SLOT_MS / 3;

export class CampaignPacer {
  readonly #flight: Flight;
  readonly #curve: TrafficCurve;
  readonly #controller: PacingController;
  readonly #share: ProcessShare;
  #slotBound = new SlotBound();
  #isHeld = false;
  /** Of the last tick that had any. */
  #winNanos = 0;
  #state: PacingSignal;
  #plan: DayPlan;
  readonly #forecast: SpendForecast;
  /** All that could be spent when the plan was made. */
  #fundsOfPlan: Funds;
  #tickedAtMs: number;
  /** Of this process, nanos per ms, since the last tick. */
  #targetRate = 0;
  #seenEvents = 0;
  #seenMs = 0;

  constructor(flight: Flight, curve: TrafficCurve, controller: PacingController, start: PacingStart) {
    this.#flight = flight;
    this.#curve = curve;
    this.#controller = controller;
    this.#state = controller.start;
    this.#plan = planDay(flight, curve, start.nowMs, start.funds);
    this.#forecast = new SpendForecast(flight, curve);
    this.#fundsOfPlan = start.funds;
    const weight = Math.max(1, start.funds.unspent * SHARE_WEIGHT);
    this.#share = new ProcessShare(start.share, weight, start.funds.unspent, start.nowMs);
    this.#tickedAtMs = start.nowMs;
  }

  get plan(): DayPlan {
    return this.#plan;
  }

  get signal(): PacingSignal {
    if (!isOpen(this.#flight, this.#tickedAtMs)) return CLOSED;
    if (this.#flight.delivery === 'asap') return UNPACED;
    return this.#isHeld ? CLOSED : this.#state;
  }

  /** Nanos that will be spent by the end of the flight, or of today when it has none, from now on, all processes. */
  forecast(funds: Funds): number {
    return this.#forecast.spendUntilEnd(this.#tickedAtMs, this.#plan, funds, this.#share.current);
  }

  /**
   * What all have spent since the plan was made, in parts of what was planned by the last tick: 1 is on plan. Null: it is
   * too early to say, or there is no plan to hold it against.
   */
  pace(funds: Funds): number | null {
    const { fromMs } = this.#plan;
    if (this.#flight.delivery === 'asap' || this.#tickedAtMs - fromMs < SLOT_MS) return null;
    const planned = this.#plan.plannedBy(this.#tickedAtMs);
    return planned > 0 ? Math.max(0, this.#fundsOfPlan.unspent - funds.unspent) / planned : null;
  }

  /**
   * What is left over what the rest of the flight can bring: above 1 it cannot be delivered. Decides who goes first where
   * guaranteed line items want the same impression.
   */
  urgency(funds: Funds): number {
    return funds.unspent / this.#forecast.capacity(this.#tickedAtMs, this.#plan, this.#share.current);
  }

  /** A tick that is not made of sound numbers keeps the signal as it is. */
  tick({ nowMs, eligible, wins, spentNanos, funds }: PacingTick): PacingSignal {
    const elapsedMs = nowMs - this.#tickedAtMs;
    const observation = { elapsedMs, targetNanos: this.#targetRate * elapsedMs, spentNanos, eligible, wins };
    if (!isSound(observation) || !Number.isFinite(funds.unspent)) return this.signal;
    if (isOpen(this.#flight, this.#tickedAtMs)) {
      this.#forecast.observe(elapsedMs, eligible, spentNanos, this.signal);
      // From a time in which it was not followed a controller would learn the wrong thing.
      if (!this.#isHeld) this.#state = this.#controller.step(this.#state, observation);
      this.#learn(this.#tickedAtMs, nowMs, eligible);
    }
    this.#share.observe(spentNanos, funds.unspent, nowMs);
    this.#tickedAtMs = nowMs;
    if (nowMs >= this.#plan.untilMs) this.replan(funds);
    if (wins > 0) this.#winNanos = spentNanos / wins;
    const spent = this.#fundsOfPlan.unspent - funds.unspent;
    this.#isHeld = this.#slotBound.isReached(this.#plan, nowMs, spent, this.#winNanos);
    const share = this.#share.next(this.#state, elapsedMs);
    this.#targetRate = targetRate(this.#plan, nowMs, spent) * share;
    return this.signal;
  }

  /** From now on: budget, schedule or status have changed, or a day has. */
  replan(funds: Funds): void {
    this.#plan = planDay(this.#flight, this.#curve, this.#tickedAtMs, funds);
    this.#fundsOfPlan = funds;
    this.#slotBound = new SlotBound();
  }

  #learn(fromMs: number, nowMs: number, eligible: number): void {
    this.#seenEvents += eligible;
    this.#seenMs += nowMs - fromMs;
    if (Math.floor(nowMs / SLOT_MS) === Math.floor(fromMs / SLOT_MS)) return;
    if (this.#seenMs >= SEEN_MS_MIN) {
      this.#curve.observe(this.#flight.localTime.slotOfWeek(fromMs), this.#seenEvents, this.#seenMs);
    }
    this.#seenEvents = 0;
    this.#seenMs = 0;
  }
}
