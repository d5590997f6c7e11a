/**
 * One account as this process spends from it: the leases it holds, and how fast they are to be spent. What pacing decides
 * at a tick stands on the board until the next; of what is guaranteed, which always bids all of its bid, how urgent it is
 * stands there instead of a multiplier.
 */
import type { TrafficMemory } from '../ports/traffic-memories.ts';
import { type AccountPlan, isCut, isSameFlight, isSamePlan, type PriceRange } from './account-plan.ts';
import type { LeasePolicy } from './lease-policy.ts';
import { LocalAccount } from './local-account.ts';
import { CampaignPacer } from './pacing/campaign-pacer.ts';
import type { PacingController } from './pacing/controller.ts';
import type { Funds } from './pacing/day-plan.ts';
import type { PacingBoard } from './pacing/pacing-board.ts';
import { TrafficCurve } from './pacing/traffic-curve.ts';

/**
 * What other processes spend of an account shows in its funds alone, so they are looked up once in so long also where this
 * one has spent nothing: of ten thousand campaigns most win seldom, and each look is a row that a database reads.
 */
const FUNDS_KNOWN_MS = 60_000;

export interface AccountStanding {
  /** Of the budget, what is neither spent nor reserved: 0 to 1. */
  readonly leftShare: number;
  /** `CampaignPacer.pace`. */
  readonly pace: number | null;
}

export class SpendingAccount {
  readonly leases: LocalAccount;
  /** Of the pacing board. */
  readonly slot: number;
  /** All of it, in the account's unit, as of the last look into the ledger. */
  budget = 0;
  /** As of the last tick, of all processes; null until then. */
  standing: AccountStanding | null = null;
  readonly #board: PacingBoard;
  readonly #controller: PacingController;
  #curve: TrafficCurve;
  #observationsKept = 0;
  #plan: AccountPlan;
  /** Null until its funds are known. */
  #pacer: CampaignPacer | null = null;
  /** As they were looked up last, and when, wall clock. */
  #funds: Funds = { unspent: 0, unspentToday: null };
  #fundsAtMs = Number.NEGATIVE_INFINITY;
  #isReplanned = false;
  /** Since the last tick. */
  #wins = 0;
  #spent = 0;

  /** `curve`: what was learned of its traffic in this process; learned further. */
  constructor(
    plan: AccountPlan,
    policy: LeasePolicy,
    controller: PacingController,
    board: PacingBoard,
    monotonicMs: number,
    onWake: (account: SpendingAccount) => void,
    curve = new TrafficCurve(),
  ) {
    this.#plan = plan;
    this.#controller = controller;
    this.#board = board;
    this.#curve = curve;
    this.leases = new LocalAccount(plan.accountId, plan.prices.dearest, policy, monotonicMs, () => onWake(this));
    this.leases.reprice(plan.prices);
    this.slot = board.add(plan.accountId);
  }

  get plan(): AccountPlan {
    return this.#plan;
  }

  /**
   * It was raised, cut, paused, moved. What is paused gives its leases back with the next settling; so does what was cut, for
   * they may hold more than there is now, and asks again.
   */
  replan(plan: AccountPlan, monotonicMs: number): void {
    const before = this.#plan;
    this.#plan = plan;
    if (isSamePlan(plan, before)) return;
    if (!isSameFlight(plan.flight, before.flight)) this.#pacer = null;
    this.#isReplanned = true;
    this.leases.reprice(plan.prices);
    if (!plan.isSwitchedOn || isCut(plan, before)) this.leases.drain();
    if (plan.isSwitchedOn) this.leases.resume(monotonicMs);
  }

  /** What was learned of its traffic before this process began. Once it is paced it knows better. */
  recall(memory: TrafficMemory): void {
    if (this.#pacer === null) this.#curve = new TrafficCurve(memory);
  }

  /** What is known of its traffic; null when nothing was learned since the last call. */
  takeLearned(): TrafficMemory | null {
    const { observations, memory } = this.#curve;
    if (observations === this.#observationsKept) return null;
    this.#observationsKept = observations;
    return memory;
  }

  /** An auction that it could be in, whether it takes part or not. */
  observeOpportunity(): void {
    this.#board.observeOpportunity(this.slot);
  }

  observeWin(amount: number): void {
    this.#wins++;
    this.#spent += amount;
  }

  /** It was not served. */
  forgetWin(amount: number): void {
    this.#wins--;
    this.#spent -= amount;
  }

  /** Whether it takes a look into the ledger to pace it: what was known has changed, or a new day is to be planned. */
  needsFunds(nowMs: number): boolean {
    if (this.#pacer === null || this.#isReplanned || this.#wins !== 0) return true;
    if (nowMs >= this.#fundsAtMs + FUNDS_KNOWN_MS) return true;
    return nowMs >= this.#pacer.plan.untilMs && nowMs < (this.#plan.flight.endAt ?? Number.POSITIVE_INFINITY);
  }

  /** By what was looked up just now. `share`: of this process in the lease traffic. `nowMs`: wall clock. */
  pace(funds: Funds, share: number, nowMs: number): void {
    this.#funds = funds;
    this.#fundsAtMs = nowMs;
    this.#pacer ??= new CampaignPacer(this.#plan.flight, this.#curve, this.#controller, { nowMs, funds, share });
    if (this.#isReplanned) this.#pacer.replan(funds);
    this.#isReplanned = false;
    this.#tick(this.#pacer, nowMs);
  }

  /** By what is known; not while `needsFunds`. */
  paceAsKnown(nowMs: number): void {
    this.#tick(this.#pacer!, nowMs);
  }

  #tick(pacer: CampaignPacer, nowMs: number): void {
    const funds = this.#funds;
    // What was given back after its tick is nothing spent in this one.
    const spentNanos = Math.max(0, this.#spent);
    const signal = pacer.tick({
      nowMs,
      eligible: this.#board.takeOpportunities(this.slot),
      wins: Math.max(0, this.#wins),
      spentNanos,
      funds,
    });
    this.#wins = 0;
    this.#spent = 0;
    const leftShare = this.budget > 0 ? funds.unspent / this.budget : 0;
    this.standing = { leftShare, pace: pacer.pace(funds) };
    const { throttle } = signal;
    const multiplier = this.#plan.isGuaranteed ? urgencyShare(pacer.urgency(funds)) : signal.multiplier;
    this.#board.publish(this.slot, { throttle, multiplier });
    if (!this.#plan.isGuaranteed) this.leases.reprice(scaled(this.#plan.prices, multiplier));
  }
}

/** Who bids less pays less: a rest that is too little for a full bid is not too little for half of it. */
function scaled({ least, dearest }: PriceRange, multiplier: number): PriceRange {
  return {
    least: Math.max(1, Math.floor(least * multiplier)),
    dearest: Math.max(1, Math.floor(dearest * multiplier)),
  };
}

/**
 * In the order of urgency, from a half up to 1. Before any supply was seen, and of little urgency, it takes part like the
 * others: pace and quota say when it does not.
 */
function urgencyShare(urgency: number): number {
  return urgency === Number.POSITIVE_INFINITY ? 1 : (1 + urgency) / (2 + urgency);
}
