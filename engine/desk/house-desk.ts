/**
 * The desk that sells our own campaigns in one process: what is booked, what may be spent on it, and how fast. Answers the
 * questions of an auction at once; what takes time (leases, the ledger, what users have seen) is done by whoever owns it
 * (`actors/campaign-desk.ts`) and told here. Times are monotonic ms unless they are called wall clock.
 */

import { stableHash } from '../auction/ranking.ts';
import { type AccountPlan, accountPlans } from '../budget/account-plan.ts';
import type { UserCaps } from '../budget/frequency/frequency-caps.ts';
import type { LeaseNeed, LeaseOver } from '../budget/lease.ts';
import type { LeasePolicy } from '../budget/lease-policy.ts';
import type { PacingController, PacingSignal } from '../budget/pacing/controller.ts';
import { LocalTime } from '../budget/pacing/local-time.ts';
import { PacingBoard } from '../budget/pacing/pacing-board.ts';
import { SpendingAccount } from '../budget/spending-account.ts';
import type { EstimateSubject } from '../estimation/click-estimates.ts';
import type { AuctionTerms } from '../exchange/auction-terms.ts';
import type { HouseBid } from '../exchange/decision.ts';
import { HouseMarket, type LiveTerms } from '../exchange/house-bids.ts';
import { HouseCatalogue, type HouseRules } from '../exchange/house-catalogue.ts';
import { type Purchase, type PurchaseReservation, takenFor } from '../exchange/purchases.ts';
import type { Booking } from '../ports/campaign-store.ts';
import { BookedCampaigns } from './booked-campaigns.ts';
import { DueAccounts } from './due-accounts.ts';

export interface HouseDeskOptions {
  readonly rules: HouseRules;
  readonly leasePolicy: LeasePolicy;
  /** Of campaigns, and of what was sold in advance. */
  readonly pacing: { readonly campaigns: PacingController; readonly guaranteed: PacingController };
  /** How long a purchase is held for its bill, ms. */
  readonly heldMs: (purchase: Purchase) => number;
  /** Of the price of a click or conversion, what an impression takes from its lease at least: 0 to 1. */
  readonly heldShareMin: number;
}

export interface Replanned {
  readonly added: readonly SpendingAccount[];
  readonly lineItemIds: readonly string[];
}

const NOTHING_REPLANNED: Replanned = { added: [], lineItemIds: [] };

/**
 * So many accounts have a lease before anybody asks for one. Of more, most are not asked soon, and a start would be a rush
 * on the ledger; they have theirs from the first auction on that they would have entered.
 */
const LEASED_AHEAD_MAX = 1000;

export class HouseDesk {
  readonly accounts = new Map<string, SpendingAccount>();
  readonly bookings = new BookedCampaigns();
  readonly #options: HouseDeskOptions;
  readonly #catalogue: HouseCatalogue;
  readonly #market: HouseMarket;
  readonly #board = new PacingBoard();
  readonly #due = new DueAccounts();
  readonly #localTimes = new Map<string, LocalTime>();
  readonly #live: LiveAuction;

  constructor(options: HouseDeskOptions) {
    this.#options = options;
    this.#live = new LiveAuction(this.#board, options.heldShareMin);
    this.#catalogue = new HouseCatalogue([], options.rules, (accountId) => this.#board.add(accountId));
    this.#market = new HouseMarket(this.#catalogue);
  }

  /** Line items that may serve when a request suits them. */
  get lineItemCount(): number {
    return this.#catalogue.index.size;
  }

  /** Gives the campaigns to `replan`: many changes are carried out a few at a time. */
  take(changes: readonly Booking[]): ReadonlySet<string> {
    return this.bookings.take(changes);
  }

  /**
   * What holds for the money of a campaign holds from here on; its line items are to be `replace`d, some at a time. Accounts
   * that are new take no part until they are paced. `wallMs` is wall clock.
   */
  replan(campaignId: string, nowMs: number, wallMs: number): Replanned {
    const campaign = this.bookings.campaign(campaignId);
    if (campaign === null) return NOTHING_REPLANNED;
    const added: SpendingAccount[] = [];
    for (const plan of accountPlans(campaign, this.#localTime(campaign.advertiser.timeZone))) {
      const account = this.#plan(plan, nowMs, wallMs);
      if (account !== null) added.push(account);
    }
    return { added, lineItemIds: campaign.lineItems.map(({ id }) => id) };
  }

  /** A line item serves as it is booked now. */
  replace(lineItemId: string): void {
    const booked = this.bookings.lineItem(lineItemId);
    if (booked !== null) this.#catalogue.put(booked);
  }

  /** Of one auction. `wallMs` is wall clock. `user`: chosen once more, without what the user may not be shown. */
  bids(
    { request }: EstimateSubject,
    terms: AuctionTerms,
    nowMs: number,
    wallMs: number,
    user: UserCaps | null = null,
  ): readonly HouseBid[] {
    this.#live.enter(terms.auctionId, nowMs, user);
    return this.#market.bids({ request, terms, nowMs: wallMs }, this.#live);
  }

  /** Null: its account does not give it. */
  reserve(purchase: Purchase, nowMs: number): PurchaseReservation | null {
    const { key, bidIndex, accountId, amount, chance } = purchase;
    const account = this.accounts.get(accountId);
    if (account === undefined) return null;
    const heldMs = this.#options.heldMs(purchase);
    const taken = takenFor(amount, chance, this.#options.heldShareMin);
    const reserved = account.leases.reserve(key, taken, heldMs, nowMs, amount, amount * chance);
    if (typeof reserved === 'string') return null;
    const { isShared, expected } = reserved;
    account.observeWin(expected);
    const { epoch, sequence } = reserved.lease;
    const reservation = { key, bidIndex, accountId, amount, epoch, sequence, heldMs };
    return isShared ? { ...reservation, isShared } : reservation;
  }

  /** How an account takes part now; null: it is not known here. */
  signalOf(accountId: string): PacingSignal | null {
    const account = this.accounts.get(accountId);
    return account === undefined ? null : this.#board.signal(account.slot);
  }

  /** It was certainly not served, and nobody else has heard of it. */
  release({ key, accountId }: PurchaseReservation): void {
    const account = this.accounts.get(accountId);
    const released = account?.leases.release(key) ?? null;
    if (released !== null) account!.forgetWin(released.reservation.expected);
  }

  /** The ledger holds it from now on. */
  handOver({ key, accountId }: { readonly key: string; readonly accountId: string }): void {
    this.accounts.get(accountId)?.leases.bill(key);
  }

  /** Leases that go back, and those to ask for. */
  settle(nowMs: number): { readonly over: readonly LeaseOver[]; readonly needs: readonly LeaseNeed[] } {
    const over: LeaseOver[] = [];
    const needs: LeaseNeed[] = [];
    for (const account of this.#due.take(nowMs)) {
      const { leases } = account;
      for (const one of leases.settle(nowMs)) over.push(one);
      const need = leases.need(nowMs);
      if (need !== null) needs.push(need);
      this.#due.rest(account, leases.rest(nowMs));
    }
    return { over, needs };
  }

  /** Forgets an account whose campaign is over, once nothing of it is held here. Whether it has. `wallMs` is wall clock. */
  forget(accountId: string, wallMs: number): boolean {
    const account = this.accounts.get(accountId)!;
    const { plan, leases, slot } = account;
    const isOver = plan.isEnded || (plan.flight.endAt ?? Number.POSITIVE_INFINITY) <= wallMs;
    if (!isOver || !leases.isIdle) return false;
    this.accounts.delete(accountId);
    this.#due.forget(account);
    delete this.#live.accounts[slot];
    this.#board.remove(accountId);
    return true;
  }

  /** Gives everything back with the next settling. */
  drain(): void {
    for (const { leases } of this.accounts.values()) leases.drain();
  }

  /** Null when the account is known already, or has nothing to do: what has ended takes no room. */
  #plan(plan: AccountPlan, nowMs: number, wallMs: number): SpendingAccount | null {
    const known = this.accounts.get(plan.accountId);
    if (known !== undefined) {
      known.replan(plan, nowMs);
      return null;
    }
    if (!plan.isSwitchedOn || (plan.flight.endAt ?? Number.POSITIVE_INFINITY) <= wallMs) return null;
    const { leasePolicy, pacing } = this.#options;
    const controller = plan.isGuaranteed ? pacing.guaranteed : pacing.campaigns;
    const account = new SpendingAccount(plan, leasePolicy, controller, this.#board, nowMs, this.#onWake);
    if (this.accounts.size >= LEASED_AHEAD_MAX) account.leases.holdOff(nowMs);
    this.accounts.set(plan.accountId, account);
    this.#live.accounts[account.slot] = account;
    this.#due.wake(account);
    return account;
  }

  readonly #onWake = (account: SpendingAccount): void => this.#due.wake(account);

  #localTime(timeZone: string): LocalTime {
    let localTime = this.#localTimes.get(timeZone);
    if (localTime === undefined) {
      localTime = new LocalTime(timeZone);
      this.#localTimes.set(timeZone, localTime);
    }
    return localTime;
  }
}

/** What line items may bid in the auction at hand. One object for all auctions: it holds what the last one set. */
class LiveAuction implements LiveTerms {
  /** By slot of the board, as everything that is asked here. */
  readonly accounts: SpendingAccount[] = [];
  readonly #board: PacingBoard;
  readonly #heldShareMin: number;
  /** The auction that an account was last counted in. */
  readonly #seenIn: number[] = [];
  #auctions = 0;
  #auctionId = '';
  #nowMs = 0;
  #user: UserCaps | null = null;

  constructor(board: PacingBoard, heldShareMin: number) {
    this.#board = board;
    this.#heldShareMin = heldShareMin;
  }

  enter(auctionId: string, nowMs: number, user: UserCaps | null): void {
    this.#auctionId = auctionId;
    this.#nowMs = nowMs;
    this.#user = user;
    this.#auctions++;
  }

  readonly share = (slot: number): number => {
    if (this.#user === null && this.#seenIn[slot] !== this.#auctions) {
      this.#seenIn[slot] = this.#auctions;
      this.#board.observeOpportunity(slot);
    }
    return this.#board.throttle[slot]! > 0 ? this.#board.multiplier[slot]! : 0;
  };

  /** Before its first signal it takes no part, so whoever is asked here has an account. */
  readonly mayEnter = (slot: number, price: number, chance: number): boolean => {
    const { plan, leases } = this.accounts[slot]!;
    if (this.#user !== null && !this.#user.mayShow(plan.campaignId)) return false;
    // Drawn from what the auction is called, so that it is the same however often it is asked. Who always takes part
    // needs no draw.
    if (this.#board.throttle[slot]! < 1) {
      const draw = stableHash(this.#auctionId, plan.accountId) / 2 ** 32;
      if (!this.#board.takesPart(slot, draw)) return false;
    }
    return leases.canPay(takenFor(price, chance, this.#heldShareMin), this.#nowMs, price);
  };
}
