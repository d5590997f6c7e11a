/**
 * One engine process as far as one campaign goes, made of the product's parts: its account, the keeper of its leases, the
 * outbox to the ledger. It does what the campaign desk does (`actors/campaign-desk.ts`), when something is due instead of
 * every 20 ms, as a day has four million of those.
 */
import type { AccountPlan } from '../../engine/budget/account-plan.ts';
import { LEASE_KEEPER_LIMITS, LeaseKeeper } from '../../engine/budget/lease-keeper.ts';
import { LEASE_POLICY_DEFAULTS } from '../../engine/budget/lease-policy.ts';
import type { PacingController } from '../../engine/budget/pacing/controller.ts';
import { PacingBoard } from '../../engine/budget/pacing/pacing-board.ts';
import type { TrafficCurve } from '../../engine/budget/pacing/traffic-curve.ts';
import { ReservationOutbox } from '../../engine/budget/reservation-outbox.ts';
import { SpendingAccount } from '../../engine/budget/spending-account.ts';
import { NO_LINK_FAULTS, storeBehind, UnreliableLink } from '../../engine/budget/testing/unreliable-link.ts';
import type { VirtualTime } from '../../engine/budget/testing/virtual-time.ts';

import type { BudgetLedger, Reservation } from '../../engine/ports/budget-ledger.ts';
import type { BudgetStore } from '../../engine/ports/budget-store.ts';
import type { TimerHandle } from '../../engine/ports/clock.ts';
import type { SeededRandom } from '../random.ts';

export interface DayProcessOptions {
  /** Unique among processes and restarts. */
  readonly processId: string;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly store: BudgetStore;
  readonly ledger: BudgetLedger;
  readonly plan: AccountPlan;
  /** Of its part of the traffic, as learned so far. */
  readonly curve: TrafficCurve;
  readonly controller: PacingController;
}

export const PACING_INTERVAL_MS = 10_000;
const SETTLE_MS = 20;
const OUTBOX = { lengthMax: 100_000, batchMax: 500, gatherMs: 20, retryMs: 250 };
/** Each way, in the mean; exponential, so that one call in a hundred takes five times as long. */
const STORE_DELAY_MS = 1;
const LEDGER_DELAY_MS = 6;
const TIMEOUT_MS = 5000;
/** From the auction to the last impression that counts. */
const HELD_MS = 3_600_000;

export class DayProcess {
  isAlive = true;
  readonly #options: DayProcessOptions;
  readonly #board = new PacingBoard();
  readonly #account: SpendingAccount;
  readonly #keeper: LeaseKeeper;
  readonly #outbox: ReservationOutbox;
  readonly #storeLink: UnreliableLink;
  readonly #ledgerLink: UnreliableLink;
  #settling: TimerHandle = null;
  #settlesAtMs = Number.POSITIVE_INFINITY;
  #requests = 0;
  #wins = 0;

  constructor(options: DayProcessOptions) {
    const { time, plan, controller, curve, random } = options;
    this.#options = options;
    this.#storeLink = this.#link('store', STORE_DELAY_MS);
    this.#ledgerLink = this.#link('ledger', LEDGER_DELAY_MS);
    const onWake = (): void => this.#settleAt(time.nowMs + SETTLE_MS);
    const account = new SpendingAccount(
      plan,
      LEASE_POLICY_DEFAULTS,
      controller,
      this.#board,
      time.nowMs,
      onWake,
      curve,
    );
    this.#account = account;
    this.#keeper = this.#openKeeper();
    this.#outbox = new ReservationOutbox({
      ...OUTBOX,
      ledger: { reserve: (reservations) => this.#ledgerLink.call(() => options.ledger.reserve(reservations)) },
      timers: time,
      onTold: (told) => {
        for (const { key } of told) account.leases.bill(key);
      },
      onFault: fail,
      onSetAside: (_reservation, error) => fail(error),
    });
    onWake();
    void this.#startPacing();
    this.#paceIn(random.uniform(0, PACING_INTERVAL_MS));
  }

  /** An opportunity has come: how much of its bid the campaign bids; 0 when it takes no part. */
  enter(): number {
    const { plan, time, random } = this.#options;
    const { slot, leases } = this.#account;
    this.#account.observeOpportunity();
    // What stands on the board of a guaranteed one is how urgent it is.
    const share = plan.isGuaranteed ? 1 : this.#board.multiplier[slot]!;
    if (!leases.canPay(Math.ceil(plan.prices.dearest * share), time.nowMs)) return 0;
    return this.#board.takesPart(slot, random.next()) ? share : 0;
  }

  /** It has won for so much. Null: its leases do not give it. */
  win(amount: number): Reservation | null {
    const { plan, time, processId } = this.#options;
    const key = `${processId}/${this.#wins++}`;
    const reserved = this.#account.leases.reserve(key, amount, HELD_MS, time.nowMs);
    if (typeof reserved === 'string') return null;
    this.#account.observeWin(amount);
    const { epoch, sequence } = reserved.lease;
    const { accountId } = plan;
    const reservation = { accountId, epoch, sequence, key, amount, publisherId: 'publisher', heldMs: HELD_MS };
    this.#outbox.add(reservation);
    return reservation;
  }

  /** What it holds, and what it has not told anybody, is gone. */
  crash(): void {
    this.isAlive = false;
    this.#options.time.cancel(this.#settling);
  }

  #settle(): void {
    const { nowMs } = this.#options.time;
    const { leases } = this.#account;
    for (const over of leases.settle(nowMs)) this.#keeper.giveBack(over);
    const need = leases.need(nowMs);
    if (need !== null) this.#keeper.obtain(need);
    this.#settleAt(Math.max(nowMs + SETTLE_MS, leases.rest(nowMs)));
  }

  #settleAt(atMs: number): void {
    if (!this.isAlive || atMs >= this.#settlesAtMs || atMs === Number.POSITIVE_INFINITY) return;
    const { time } = this.#options;
    time.cancel(this.#settling);
    this.#settlesAtMs = atMs;
    this.#settling = time.schedule(atMs - time.nowMs, () => {
      this.#settlesAtMs = Number.POSITIVE_INFINITY;
      this.#settle();
    });
  }

  async #startPacing(): Promise<void> {
    const { store, plan } = this.#options;
    // A newcomer is one more than those that are there.
    const { size } = await this.#storeLink.call(() => store.shares(plan.accountId));
    await this.#pace(1 / (size + 1));
  }

  #paceIn(delayMs: number): void {
    this.#options.time.schedule(delayMs, () => {
      if (!this.isAlive) return;
      if (this.#account.needsFunds(this.#options.time.nowMs)) void this.#pace(0);
      else this.#account.paceAsKnown(this.#options.time.nowMs);
      this.#paceIn(PACING_INTERVAL_MS);
    });
  }

  async #pace(share: number): Promise<void> {
    const { ledger, plan, time } = this.#options;
    const { nowMs } = time;
    const [figures] = await this.#ledgerLink.call(() => ledger.figures([plan.accountId]));
    const { budget, spent, reserved } = figures!;
    this.#account.pace({ unspent: Number(budget - spent - reserved), unspentToday: null }, share, nowMs);
  }

  #openKeeper(): LeaseKeeper {
    const { processId, time, store, ledger } = this.#options;
    return new LeaseKeeper({
      processId,
      store: storeBehind(this.#storeLink, store),
      ledger: {
        openTranche: (wanted) => this.#ledgerLink.call(() => ledger.openTranche(wanted)),
        confirmLeases: (grants) => this.#ledgerLink.call(() => ledger.confirmLeases(grants)),
        closeLeases: (returns) => this.#ledgerLink.call(() => ledger.closeLeases(returns)),
      },
      clock: { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs },
      timers: time,
      newRequestId: () => `${processId}/${this.#requests++}`,
      limits: LEASE_KEEPER_LIMITS,
      onLease: (lease) => this.#account.leases.accept(lease, time.nowMs),
      onNoLease: (_accountId, reason) => this.#account.leases.refused(reason, time.nowMs),
      observer: { onFault: (_operation, error) => fail(error), onFenced: () => {}, onReturnDropped: () => {} },
    });
  }

  #link(name: string, delayMs: number): UnreliableLink {
    const { time, random } = this.#options;
    return new UnreliableLink({
      time,
      random: random.fork(name),
      delayMs,
      timeoutMs: TIMEOUT_MS,
      faults: () => NO_LINK_FAULTS,
      isDown: () => false,
      isCallerGone: () => !this.isAlive,
      error: (message) => new Error(message),
    });
  }
}

/** Nothing fails in a simulated day but processes. */
function fail(error: unknown): never {
  throw error;
}
