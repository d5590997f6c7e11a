/**
 * Owns what our own campaigns are and may spend in this process (`engine/desk/house-desk.ts`). Auctions ask it at once,
 * as one thread allows; everything else is mail: what was booked, leases that came, funds to pace by. It gets leases
 * ahead of need, tells the ledger what was won, and gives everything back when it stops.
 *
 * Campaigns are paced in shards, one after the other, so that ten thousand of them do not hold up the loop at once.
 *
 * A fault loses the message that it came from and nothing else: what is held and reserved outlives a restart. Overflow
 * policy `refuse-newest`: a lease that finds no room goes back, other mail comes again.
 */

import { stableHash } from '../engine/auction/ranking.ts';
import type { AccountPlan } from '../engine/budget/account-plan.ts';
import { compileCapPlans } from '../engine/budget/frequency/cap-plans.ts';
import type { FrequencyCaps } from '../engine/budget/frequency/frequency-caps.ts';
import type { LiveLease, NoLease } from '../engine/budget/lease.ts';
import { LEASE_KEEPER_LIMITS, LeaseKeeper, type LeaseKeeperObserver } from '../engine/budget/lease-keeper.ts';
import type { PacingSignal } from '../engine/budget/pacing/controller.ts';
import type { Funds } from '../engine/budget/pacing/day-plan.ts';
import { ReservationOutbox } from '../engine/budget/reservation-outbox.ts';
import type { SpendingAccount } from '../engine/budget/spending-account.ts';
import { type AlertLimits, type DeliveryAlerts, deliveryAlerts } from '../engine/desk/delivery-alerts.ts';
import type { DeskFigures } from '../engine/desk/desk-figures.ts';
import { reservationsOf } from '../engine/desk/event-reservations.ts';
import { HouseDesk, type HouseDeskOptions } from '../engine/desk/house-desk.ts';
import { HouseEntry } from '../engine/desk/house-entry.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { PurchaseRefusal } from '../engine/exchange/purchases.ts';
import type { SoldAd } from '../engine/exchange/sale.ts';
import type { BillResult, BudgetLedger, Reservation } from '../engine/ports/budget-ledger.ts';
import type { BudgetStore } from '../engine/ports/budget-store.ts';
import type { Booking } from '../engine/ports/campaign-store.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import type { UserKey } from '../engine/ports/frequency-store.ts';
import type { TrafficMemory } from '../engine/ports/traffic-memories.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { HouseDemand } from './request-actor.ts';
import type { Supervisor } from './supervision.ts';

/** What pacing has to know of an account: of all processes, and what this one's part of the traffic is. */
export interface KnownFunds extends Funds {
  readonly accountId: string;
  /** All of it, in the account's unit. */
  readonly budget: number;
  readonly share: number;
  /** What is known of its traffic from before this process; null: nothing, or it was not asked for. */
  readonly traffic: TrafficMemory | null;
}

export type CampaignDeskMessage =
  | { readonly kind: 'booked'; readonly changes: readonly Booking[] }
  /** Carries out some of what was booked, and the next of it in a turn of its own. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'leased'; readonly lease: LiveLease }
  | { readonly kind: 'not-leased'; readonly accountId: string; readonly reason: NoLease }
  | { readonly kind: 'settle' }
  /** Paces the next shard: at once those whose funds are known, the others when the ledger has said what they have left. */
  | { readonly kind: 'pace' }
  /** `atMs`: wall clock when they were asked for. What was left of one day is nothing to plan the next by. */
  | { readonly kind: 'funded'; readonly funds: readonly KnownFunds[]; readonly atMs: number };

export interface CampaignDeskOptions extends HouseDeskOptions {
  /** Unique among processes and restarts. */
  readonly processId: string;
  readonly store: BudgetStore;
  readonly ledger: BudgetLedger;
  readonly caps: FrequencyCaps;
  /** Null: nothing tells who it is. */
  readonly userOf: (request: BidRequest) => UserKey | null;
  /** How long a `lifetime` cap counts, ms. */
  readonly capLifetimeMs: number;
  /** Of accounts that the ledger does not know, nothing. `isNew`: share and traffic are asked for. */
  readonly readFunds: (plans: readonly AccountPlan[], isNew: boolean) => Promise<readonly KnownFunds[]>;
  /** All campaigns are paced once in so long. */
  readonly pacingIntervalMs: number;
  readonly newRequestId: () => string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly supervisor: Supervisor;
  readonly observer: CampaignDeskObserver;
}

export type DeskOperation = 'reserve' | 'funds' | 'frequency';

export interface CampaignDeskObserver extends LeaseKeeperObserver {
  /** A call failed and is made again, or is not needed. */
  readonly onDeskFault: (operation: DeskOperation, error: unknown) => void;
  readonly onLeaseAnswer: (result: 'granted' | NoLease) => void;
  /** Of a house bid that has won; of one that its user has seen often enough, also when it has not. */
  readonly onReserved: (result: 'reserved' | PurchaseRefusal['reason']) => void;
  /** The ledger refuses it, and is not asked again. */
  readonly onReservationSetAside: (reservation: Reservation, error: unknown) => void;
  /** Of wins that had been reported before the ledger knew them. */
  readonly onReportsBilled: (results: readonly BillResult[]) => void;
  readonly onMailDropped: () => void;
}

export interface CampaignDesk extends HouseDemand {
  readonly booked: (changes: readonly Booking[]) => void;
  /** Behind the answer of each auction: what it has reserved is served. */
  readonly auctionEnded: (event: AuctionEvent, sales: readonly SoldAd[]) => void;
  /** `ReservationOutbox.whenTold`. */
  readonly whenTold: ReservationOutbox['whenTold'];
  readonly figures: () => DeskFigures;
  /** How an account takes part now, in this process; null: it is not known here. */
  readonly signalOf: (accountId: string) => PacingSignal | null;
  readonly alerts: (limits: AlertLimits) => DeliveryAlerts;
  /** Of so many accounts whose traffic was learned from since they were last given, one after the other. */
  readonly takeLearned: (countMax: number) => ReadonlyMap<string, TrafficMemory>;
  /** Sells nothing more; resolves when ledger and store have everything back, or after so long. */
  readonly stop: (withinMs: number) => Promise<void>;
}

const MAILBOX_LENGTH_MAX = 200_000;
/** Line items carried out in one turn, at 30 us each, and those whose campaign is replanned in one, at 1 us each. */
const REPLACED_AT_ONCE = 100;
const REPLANNED_AT_ONCE = 1000;
const SETTLE_MS = 20;
const SHARDS = 64;
const OUTBOX = { lengthMax: 100_000, batchMax: 500, gatherMs: 20, retryMs: 250 };

export function spawnCampaignDesk(parent: ActorParent, options: CampaignDeskOptions): CampaignDesk {
  return new CampaignDeskActor(parent, options);
}

class CampaignDeskActor implements CampaignDesk {
  readonly #options: CampaignDeskOptions;
  readonly #desk: HouseDesk;
  readonly #keeper: LeaseKeeper;
  readonly #outbox: ReservationOutbox;
  readonly #mailbox: Mailbox<CampaignDeskMessage>;
  /** Campaigns to replan, and line items to replace behind that. */
  readonly #touched = new Set<string>();
  readonly #outdated = new Set<string>();
  readonly #shards: AccountPlan['accountId'][][] = Array.from({ length: SHARDS }, () => []);
  readonly #timers: TimerHandle[] = [null, null];
  /** Of `takeLearned`: everybody's turn comes. */
  #round: Iterator<SpendingAccount>;
  #shard = 0;
  #hasCaps = false;
  #isStopping = false;

  constructor(parent: ActorParent, options: CampaignDeskOptions) {
    const { clock, timers, ledger, observer } = options;
    this.#options = options;
    this.#desk = new HouseDesk(options);
    this.#round = this.#desk.accounts.values();
    this.#keeper = this.#openKeeper();
    this.#outbox = new ReservationOutbox({
      ...OUTBOX,
      ledger,
      timers,
      onTold: (reservations, bills) => {
        for (const reservation of reservations) this.#desk.handOver(reservation);
        observer.onReportsBilled(bills);
      },
      onFault: (error) => observer.onDeskFault('reserve', error),
      onSetAside: observer.onReservationSetAside,
    });
    this.#mailbox = spawnActor<HouseDesk, CampaignDeskMessage>(parent, clock, {
      name: 'campaign-desk',
      initialState: () => this.#desk,
      handle: (desk, message, nowMs) => this.#handle(desk, message, nowMs),
      supervisor: options.supervisor,
      lengthMax: MAILBOX_LENGTH_MAX,
      overflow: 'refuse-newest',
      onOverflow: observer.onMailDropped,
    });
    this.#every(0, SETTLE_MS, { kind: 'settle' });
    this.#every(1, options.pacingIntervalMs / SHARDS, { kind: 'pace' });
  }

  readonly enter: HouseDemand['enter'] = (subject, terms, nowMs) => {
    const { clock, caps, userOf, observer } = this.#options;
    // A test is not billable (OpenRTB 2.6, BidRequest.test), so nobody's budget pays for it.
    if (this.#isStopping || subject.request.test === 1 || this.#outbox.isFull) return null;
    const desk = this.#desk;
    const bids = desk.bids(subject, terms, nowMs, clock.wallMs());
    if (bids.length === 0) return null;
    const { monotonicMs } = clock;
    const user = caps.open(this.#hasCaps ? userOf(subject.request) : null, monotonicMs);
    return new HouseEntry({
      desk,
      bids,
      user,
      chooseShown: () => desk.bids(subject, terms, monotonicMs(), clock.wallMs(), user),
      nowMs: monotonicMs,
      onReserved: observer.onReserved,
      onFault: this.#onEntryFault,
    });
  };

  readonly #onEntryFault = (error: unknown): void => this.#options.observer.onDeskFault('frequency', error);

  readonly auctionEnded: CampaignDesk['auctionEnded'] = (event, sales) => {
    for (const reservation of reservationsOf(event, sales)) this.#outbox.add(reservation);
  };

  readonly booked = (changes: readonly Booking[]): void => {
    this.#mailbox.tell({ kind: 'booked', changes });
  };

  readonly whenTold: CampaignDesk['whenTold'] = (withinMs, concerns) => this.#outbox.whenTold(withinMs, concerns);

  readonly signalOf: CampaignDesk['signalOf'] = (accountId) => this.#desk.signalOf(accountId);

  readonly figures = (): DeskFigures => {
    const nowMs = this.#options.clock.monotonicMs();
    let leases = 0;
    let freeNanos = 0;
    let reservedNanos = 0;
    for (const account of this.#desk.accounts.values()) {
      const held = account.leases.figures(nowMs);
      leases += held.leases;
      if (account.plan.isGuaranteed) continue;
      freeNanos += held.free;
      reservedNanos += held.reserved;
    }
    return {
      lineItems: this.#desk.lineItemCount,
      accounts: this.#desk.accounts.size,
      leases,
      freeNanos,
      reservedNanos,
      untold: this.#outbox.length,
      returning: this.#keeper.returning,
    };
  };

  readonly alerts = (limits: AlertLimits): DeliveryAlerts =>
    deliveryAlerts(this.#desk.accounts.values(), limits, this.#options.clock.wallMs());

  readonly takeLearned = (countMax: number): ReadonlyMap<string, TrafficMemory> => {
    const taken = new Map<string, TrafficMemory>();
    for (let looked = 0; looked < this.#desk.accounts.size && taken.size < countMax; looked++) {
      let next = this.#round.next();
      if (next.done) {
        this.#round = this.#desk.accounts.values();
        next = this.#round.next();
      }
      const memory = next.value!.takeLearned();
      if (memory !== null) taken.set(next.value!.plan.accountId, memory);
    }
    return taken;
  };

  readonly stop = async (withinMs: number): Promise<void> => {
    const { timers, clock } = this.#options;
    this.#isStopping = true;
    for (const timer of this.#timers) timers.cancel(timer);
    this.#mailbox.stop();
    // What it is not told by then, and what that was taken from, it has back later.
    await this.#outbox.whenTold(withinMs).catch(() => {});
    this.#desk.drain();
    for (const over of this.#desk.settle(clock.monotonicMs()).over) this.#keeper.giveBack(over);
    await this.#keeper.stop(withinMs);
  };

  #handle(desk: HouseDesk, message: CampaignDeskMessage, nowMs: number): HouseDesk {
    switch (message.kind) {
      case 'booked':
        this.#takeBookings(message.changes);
        break;
      case 'refresh':
        this.#refreshSome(nowMs);
        break;
      case 'leased':
        this.#options.observer.onLeaseAnswer('granted');
        desk.accounts.get(message.lease.accountId)!.leases.accept(message.lease, nowMs);
        break;
      case 'not-leased':
        this.#options.observer.onLeaseAnswer(message.reason);
        desk.accounts.get(message.accountId)!.leases.refused(message.reason, nowMs);
        break;
      case 'settle':
        this.#settle(nowMs);
        break;
      case 'pace':
        this.#pace(this.#paceable());
        break;
      case 'funded':
        for (const { accountId, budget, share, traffic, ...funds } of message.funds) {
          const account = desk.accounts.get(accountId);
          // It may have ended since it was asked about.
          if (account === undefined) continue;
          if (traffic !== null) account.recall(traffic);
          account.budget = budget;
          account.pace(funds, share, message.atMs);
        }
        break;
    }
    return desk;
  }

  /** Of the next shard, without those that are over. */
  #paceable(): readonly string[] {
    const wallMs = this.#options.clock.wallMs();
    const paceable = this.#shards[this.#shard]!.filter((accountId) => {
      if (!this.#desk.forget(accountId, wallMs)) return true;
      this.#keeper.leave(accountId);
      return false;
    });
    this.#shards[this.#shard] = paceable;
    this.#shard = (this.#shard + 1) % SHARDS;
    return paceable;
  }

  #takeBookings(changes: readonly Booking[]): void {
    const wasIdle = this.#touched.size === 0 && this.#outdated.size === 0;
    for (const campaignId of this.#desk.take(changes)) this.#touched.add(campaignId);
    if (changes.some(({ kind }) => kind === 'campaign')) this.#replaceCaps();
    if (wasIdle && this.#touched.size > 0) this.#mailbox.tell({ kind: 'refresh' });
  }

  #replaceCaps(): void {
    const { caps, capLifetimeMs } = this.#options;
    const plans = compileCapPlans(this.#desk.bookings.campaigns(), capLifetimeMs);
    this.#hasCaps = plans.size > 0;
    caps.replacePlans(plans);
  }

  #refreshSome(nowMs: number): void {
    if (this.#touched.size > 0) this.#replanSome(nowMs);
    else this.#replaceSome();
    if (this.#touched.size > 0 || this.#outdated.size > 0) this.#mailbox.tell({ kind: 'refresh' });
  }

  #replanSome(nowMs: number): void {
    const newcomers: string[] = [];
    const wallMs = this.#options.clock.wallMs();
    let count = 0;
    for (const campaignId of this.#touched) {
      this.#touched.delete(campaignId);
      const { added, lineItemIds } = this.#desk.replan(campaignId, nowMs, wallMs);
      for (const id of lineItemIds) this.#outdated.add(id);
      for (const { plan } of added) {
        newcomers.push(plan.accountId);
        this.#shards[stableHash(plan.accountId) % SHARDS]!.push(plan.accountId);
      }
      count += 1 + lineItemIds.length;
      if (count >= REPLANNED_AT_ONCE) break;
    }
    this.#askFunds(newcomers, true);
  }

  #replaceSome(): void {
    let count = 0;
    for (const lineItemId of this.#outdated) {
      this.#outdated.delete(lineItemId);
      this.#desk.replace(lineItemId);
      if (++count === REPLACED_AT_ONCE) break;
    }
  }

  #pace(accountIds: readonly string[]): void {
    const nowMs = this.#options.clock.wallMs();
    const unknown: string[] = [];
    for (const accountId of accountIds) {
      const account = this.#desk.accounts.get(accountId)!;
      if (account.needsFunds(nowMs)) unknown.push(accountId);
      else account.paceAsKnown(nowMs);
    }
    this.#askFunds(unknown, false);
  }

  #askFunds(accountIds: readonly string[], isNew: boolean): void {
    if (accountIds.length === 0) return;
    const plans = accountIds.map((id) => this.#desk.accounts.get(id)!.plan);
    const atMs = this.#options.clock.wallMs();
    this.#options.readFunds(plans, isNew).then(
      (funds) => this.#mailbox.tell({ kind: 'funded', funds, atMs }),
      // They are asked for again with their shard; until then they go on as they are.
      (error: unknown) => this.#options.observer.onDeskFault('funds', error),
    );
  }

  #settle(nowMs: number): void {
    const { over, needs } = this.#desk.settle(nowMs);
    for (const one of over) this.#keeper.giveBack(one);
    for (const need of needs) this.#keeper.obtain(need);
  }

  #openKeeper(): LeaseKeeper {
    const { processId, store, ledger, clock, timers, newRequestId, observer } = this.#options;
    return new LeaseKeeper({
      processId,
      store,
      ledger,
      clock,
      timers,
      newRequestId,
      limits: LEASE_KEEPER_LIMITS,
      onLease: (lease) => {
        const { accountId, epoch, sequence, amount } = lease;
        if (this.#mailbox.tell({ kind: 'leased', lease })) return;
        this.#keeper.giveBack({ accountId, epoch, sequence, unspent: amount });
      },
      onNoLease: (accountId, reason) => {
        this.#mailbox.tell({ kind: 'not-leased', accountId, reason });
      },
      observer,
    });
  }

  #every(place: number, intervalMs: number, message: CampaignDeskMessage): void {
    this.#timers[place] = this.#options.timers.schedule(intervalMs, () => {
      if (this.#isStopping) return;
      this.#mailbox.tell(message);
      this.#every(place, intervalMs, message);
    });
  }
}
