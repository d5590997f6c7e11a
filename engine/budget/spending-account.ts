/**
 * One account as this process spends from it: the leases it holds, and how fast they are to be spent. What pacing decides
 * at a tick stands on the board until the next.
 */
import { type AccountPlan, isSameFlight } from './account-plan.ts';
import type { LeasePolicy } from './lease-policy.ts';
import { LocalAccount } from './local-account.ts';
import { CampaignPacer } from './pacing/campaign-pacer.ts';
import type { PacingController } from './pacing/controller.ts';
import type { Funds } from './pacing/day-plan.ts';
import type { PacingBoard } from './pacing/pacing-board.ts';
import { TrafficCurve } from './pacing/traffic-curve.ts';

export class SpendingAccount {
  readonly leases: LocalAccount;
  /** Of the pacing board. */
  readonly slot: number;
  /** What is left over what the rest of the flight can bring, as of the last tick. */
  urgency = 0;
  readonly #board: PacingBoard;
  readonly #controller: PacingController;
  readonly #curve: TrafficCurve;
  #plan: AccountPlan;
  /** Null until its funds are known. */
  #pacer: CampaignPacer | null = null;
  #isReplanned = false;
  /** Since the last tick. */
  #eligible = 0;
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
    this.leases = new LocalAccount(plan.accountId, plan.priceMax, policy, monotonicMs, () => onWake(this));
    this.slot = board.add(plan.accountId);
  }

  get plan(): AccountPlan {
    return this.#plan;
  }

  /** It was raised, cut, paused, moved: what is paused gives its leases back with the next settling. */
  replan(plan: AccountPlan, monotonicMs: number): void {
    if (!isSameFlight(plan.flight, this.#plan.flight)) this.#pacer = null;
    this.#plan = plan;
    this.#isReplanned = true;
    if (plan.isSwitchedOn) this.leases.resume(plan.priceMax, monotonicMs);
    else this.leases.drain();
  }

  /** An auction that it could be in, whether it takes part or not. */
  observeOpportunity(): void {
    this.#eligible++;
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

  /** `share`: of this process in the lease traffic. `nowMs`: wall clock. */
  pace(funds: Funds, share: number, nowMs: number): void {
    this.#pacer ??= new CampaignPacer(this.#plan.flight, this.#curve, this.#controller, { nowMs, funds, share });
    if (this.#isReplanned) this.#pacer.replan(funds);
    this.#isReplanned = false;
    // What was given back after its tick is nothing spent in this one.
    const spentNanos = Math.max(0, this.#spent);
    const signal = this.#pacer.tick({
      nowMs,
      eligible: this.#eligible,
      wins: Math.max(0, this.#wins),
      spentNanos,
      funds,
    });
    this.#eligible = 0;
    this.#wins = 0;
    this.#spent = 0;
    this.urgency = this.#plan.isGuaranteed ? this.#pacer.urgency(funds) : 0;
    this.#board.publish(this.slot, signal);
  }
}
