/**
 * What one process may spend of one account: the leases it holds and the reservations made from them. Owned by the
 * campaign actor; synchronous, time is an argument (monotonic ms), amounts are safe integers of the account's unit
 * (nanos, or impressions of a guaranteed line item).
 *
 *     granted, confirmed                    settle: time is over, drained
 *   ---------------------> live: free ------------------------------------> over: free goes back (LeaseOver)
 *                           |    ^
 *                  reserve  |    | release, while the lease is live
 *                           v    |
 *                         reserved ----> billed
 *                             \--------> lapsed, or released after its lease was over: the ledger's to decide
 *
 * A click is billed for one impression in a hundred, so an impression takes a part of its price only. All parts of a lease
 * together pay the bills that come, and a lease keeps one whole price at least for them when it goes back.
 *
 * free + reserved + billed + lapsed = amount, always. A lapsed reservation is not free again: its impression may have been
 * counted elsewhere. The ledger, which knows, gives it back to the budget at the billing horizon.
 */
import type { PriceRange } from './account-plan.ts';
import { Backoff } from './backoff.ts';
import { DemandRate } from './demand-rate.ts';
import type { HeldLease, LeaseNeed, LeaseOver, LiveLease, NoLease } from './lease.ts';
import type { LeasePolicy } from './lease-policy.ts';

/** One win on its way to its bill. */
export interface LocalReservation {
  /** Auction, imp and event type: unique for ever. */
  readonly key: string;
  /** Taken from the lease. */
  readonly amount: number;
  /** Less than its bill, since most of its kind are never billed. */
  readonly isShared: boolean;
  /** What will be billed, by the chance that it is. */
  readonly expected: number;
  readonly lease: HeldLease;
  /** Monotonic ms. */
  readonly lapsesAtMs: number;
}

/**
 * `no-lease`: none is live. `insufficient`: none has so much. `too-many`: `reservationsMax` are open. `repeated`: this
 * key is reserved already. `draining`: nothing is spent any more.
 */
export type ReserveRefusal = 'no-lease' | 'insufficient' | 'too-many' | 'repeated' | 'draining';

export interface LocalAccountFigures {
  readonly leases: number;
  readonly free: number;
  readonly reservations: number;
  readonly reserved: number;
}

/** The oldest goes back when there are more: it is about to end, or all but used up. */
const LEASES_MAX = 8;

export class LocalAccount {
  readonly accountId: string;
  readonly #policy: LeasePolicy;
  readonly #demand: DemandRate;
  readonly #backoff = new Backoff();
  /** Oldest first, which is also the order of spending: what ends first is used first. */
  readonly #leases: HeldLease[] = [];
  /** In the order of reserving. */
  readonly #reservations = new Map<string, LocalReservation>();
  #over: LeaseOver[] = [];
  #prices: PriceRange;
  /** Until then there is no money for the dearest price, only perhaps for others. */
  #isPoorUntilMs = Number.NEGATIVE_INFINITY;
  #isDraining = false;
  /** What is asked for comes from a budget that was cut since. */
  #isAskingOutdated = false;
  /** When the lease that is under way was asked for; null: none is. */
  #askedAtMs: number | null = null;
  /** How long a lease takes to come, ms: a mean that leans to the slow ones. */
  #refillMs = 0;
  #wantsUntilMs: number;
  readonly #onWake: () => void;
  #isResting = false;
  #reserved = 0;

  /**
   * `priceMax`: the dearest clearing price that may come, and, until `reprice`, the smallest lease that is of use.
   * `onWake`: something happened while it was at rest (`rest`).
   */
  constructor(accountId: string, priceMax: number, policy: LeasePolicy, nowMs: number, onWake = () => {}) {
    this.#onWake = onWake;
    this.accountId = accountId;
    this.#policy = policy;
    this.#prices = { least: positiveInteger(priceMax), dearest: priceMax };
    this.#demand = new DemandRate(policy.demandFadeMs, nowMs);
    this.#wantsUntilMs = nowMs + policy.idleMs;
  }

  /**
   * `price`: of its bill; more than `amount` when it shares. `expected`: of it, by the chance that it comes. `lapseMs`: the
   * billing horizon of the media type. Refusals count as demand too.
   */
  reserve(
    key: string,
    amount: number,
    lapseMs: number,
    nowMs: number,
    price = amount,
    expected = price,
  ): LocalReservation | ReserveRefusal {
    positiveInteger(amount);
    if (this.#isDraining) return 'draining';
    if (this.#reservations.has(key)) return 'repeated';
    if (this.#reservations.size >= this.#policy.reservationsMax) return 'too-many';
    this.#wake();
    this.#demand.observe(amount, nowMs);
    this.#wantsUntilMs = nowMs + this.#policy.idleMs;
    let refusal: ReserveRefusal = 'no-lease';
    for (const lease of this.#leases) {
      if (nowMs >= lease.spendUntilMs) continue;
      if (!bears(lease, amount, price)) {
        refusal = 'insufficient';
        continue;
      }
      lease.free -= amount;
      this.#reserved += amount;
      const isShared = price > amount;
      if (isShared) {
        lease.shared += amount;
        lease.sharedPriceMax = Math.max(lease.sharedPriceMax, price);
      }
      const lapsesAtMs = nowMs + lapseMs;
      const reservation: LocalReservation = { key, amount, isShared, expected, lease, lapsesAtMs };
      this.#reservations.set(key, reservation);
      return reservation;
    }
    return refusal;
  }

  /**
   * Whether one lease would give `amount` for a bill of `price`. Who asks wants to spend: it keeps leases coming, whatever
   * the answer.
   */
  canPay(amount: number, nowMs: number, price = amount): boolean {
    if (this.#isDraining) return false;
    if (nowMs >= this.#wantsUntilMs) this.#wake();
    this.#wantsUntilMs = nowMs + this.#policy.idleMs;
    for (const lease of this.#leases) if (nowMs < lease.spendUntilMs && bears(lease, amount, price)) return true;
    return false;
  }

  /**
   * Right behind `settle` and `need` of this moment: they find nothing to do before the time that this gives, nor before
   * `onWake`. Infinity: nothing is held or wanted, or only an answer is awaited.
   */
  rest(nowMs: number): number {
    this.#isResting = true;
    return Math.min(this.#nextEndMs(), this.#nextNeedMs(nowMs));
  }

  /** Nothing is held, reserved or asked for. */
  get isIdle(): boolean {
    return this.#leases.length === 0 && this.#reservations.size === 0 && this.#askedAtMs === null;
  }

  /** What was reserved is spent. Null: no such reservation is open here; the ledger knows about it. */
  bill(key: string): LocalReservation | null {
    return this.#end(key);
  }

  /**
   * What was reserved was certainly not served, and the ledger has not been told of it: what it was told of is released
   * there, for it does not know that we would spend that again. `isLocal` false: its lease is over, nothing is free again
   * here; the ledger has it back at the horizon, or at once when it is told.
   */
  release(key: string): { readonly reservation: LocalReservation; readonly isLocal: boolean } | null {
    const reservation = this.#end(key);
    if (reservation === null) return null;
    const { lease, amount, isShared } = reservation;
    if (!lease.isOver) lease.free += amount;
    if (isShared) lease.shared -= amount;
    return { reservation, isLocal: !lease.isOver };
  }

  /**
   * The lease to ask for now, ahead of need, or null. Who takes it reports by `accept` or `refused`; until then there is
   * no other. An account that nobody wanted to spend from for `idleMs` asks for nothing.
   */
  need(nowMs: number): LeaseNeed | null {
    if (this.#isDraining || this.#askedAtMs !== null || nowMs >= this.#wantsUntilMs) return null;
    if (!this.#backoff.isOver(nowMs)) return null;
    const { spendMs, aheadMs, termMs, smallTermMs, pricesMin } = this.#policy;
    const perMs = this.#demand.perMs(nowMs);
    const comesInMs = aheadMs + 2 * this.#refillMs;
    if (this.#isEnoughAt(nowMs + comesInMs, this.#amountMin(nowMs), perMs * comesInMs)) return null;
    const wanted = Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(perMs * Math.max(spendMs, comesInMs)));
    this.#askedAtMs = nowMs;
    const amountMin = this.#amountMin(nowMs);
    const small = Math.min(Number.MAX_SAFE_INTEGER, amountMin * pricesMin);
    const { accountId } = this;
    if (wanted > small) return { accountId, amount: wanted, amountMin, termMs };
    return { accountId, amount: small, amountMin, termMs: smallTermMs };
  }

  /** A confirmed lease has come. One that came too late, or while draining, goes back whole. */
  accept(live: LiveLease, nowMs: number): void {
    this.#wake();
    this.#answered(nowMs);
    this.#backoff.reset();
    const { accountId, epoch, sequence, amount } = live;
    const spendUntilMs = live.endsAtMs - this.#policy.safetyMarginMs;
    const grant = { accountId, epoch, sequence, amount };
    const lease: HeldLease = { ...grant, spendUntilMs, free: amount, shared: 0, sharedPriceMax: 0, isOver: false };
    this.#leases.push(lease);
    if (this.#isDraining || this.#isAskingOutdated || nowMs >= spendUntilMs) this.#retire(lease);
    else if (this.#leases.length > LEASES_MAX) this.#retire(this.#leases[0]!);
    this.#isAskingOutdated = false;
  }

  refused(reason: NoLease, nowMs: number): void {
    this.#wake();
    this.#answered(nowMs);
    this.#isAskingOutdated = false;
    if (reason === 'exhausted' && this.#amountMin(nowMs) > this.#prices.least) {
      // What is left may be too little for the dearest line item alone.
      this.#isPoorUntilMs = nowMs + this.#policy.exhaustedRetryMsMax;
      return;
    }
    const { unavailableRetryMs, unavailableRetryMsMax, exhaustedRetryMs, exhaustedRetryMsMax } = this.#policy;
    if (reason === 'unavailable') this.#backoff.refuse(unavailableRetryMs, unavailableRetryMsMax, nowMs);
    else this.#backoff.refuse(exhaustedRetryMs, exhaustedRetryMsMax, nowMs);
  }

  /** Ends what is past its time or not wanted any more, and gives the leases that go back since the last call. */
  settle(nowMs: number): readonly LeaseOver[] {
    for (const reservation of this.#reservations.values()) {
      // A shorter horizon behind a longer one waits for it: a lapse frees nothing but memory.
      if (reservation.lapsesAtMs > nowMs) break;
      this.#end(reservation.key);
    }
    for (let index = this.#leases.length - 1; index >= 0; index--) {
      const lease = this.#leases[index]!;
      if (nowMs >= lease.spendUntilMs || nowMs >= this.#wantsUntilMs) this.#retire(lease);
    }
    const over = this.#over;
    if (over.length > 0) this.#over = [];
    return over;
  }

  /** No more reservations or leases; what is free goes back with the next `settle`. Open reservations may still be billed. */
  drain(): void {
    this.#wake();
    this.#isDraining = true;
    this.#isAskingOutdated = this.#askedAtMs !== null;
    while (this.#leases.length > 0) this.#retire(this.#leases[0]!);
  }

  /** Asks for no lease before somebody wants to spend. */
  holdOff(nowMs: number): void {
    this.#wantsUntilMs = nowMs;
  }

  /** What purchases cost from now on. A lease is to pay the dearest, while there is money for that; else the least. */
  reprice(prices: PriceRange): void {
    const { least, dearest } = this.#prices;
    if (prices.least === least && prices.dearest === dearest) return;
    positiveInteger(prices.least);
    positiveInteger(prices.dearest);
    this.#wake();
    this.#prices = prices;
  }

  /** Ends any back-off and a drain, after which a lease is wanted: the campaign was resumed, raised or changed. */
  resume(nowMs: number): void {
    this.#wake();
    this.#isPoorUntilMs = Number.NEGATIVE_INFINITY;
    if (this.#isDraining) this.#wantsUntilMs = nowMs + this.#policy.idleMs;
    this.#isDraining = false;
    this.#backoff.reset();
  }

  figures(nowMs: number): LocalAccountFigures {
    const { size } = this.#reservations;
    return { leases: this.#leases.length, free: this.#freeAt(nowMs), reservations: size, reserved: this.#reserved };
  }

  #answered(nowMs: number): void {
    if (this.#askedAtMs === null) throw new Error(`account ${this.accountId} got an answer that it did not ask for`);
    const tookMs = nowMs - this.#askedAtMs;
    this.#refillMs = Math.max(tookMs, this.#refillMs + (tookMs - this.#refillMs) / 8);
    this.#refillMs = Math.min(this.#refillMs, this.#policy.termMs / 8);
    this.#askedAtMs = null;
  }

  #wake(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.#onWake();
  }

  /** When a lease or a reservation is over by its time, or leases for want of anybody who asks. */
  #nextEndMs(): number {
    let endMs = this.#leases.length > 0 ? this.#wantsUntilMs : Number.POSITIVE_INFINITY;
    for (const { spendUntilMs } of this.#leases) endMs = Math.min(endMs, spendUntilMs);
    for (const { lapsesAtMs } of this.#reservations.values()) return Math.min(endMs, lapsesAtMs);
    return endMs;
  }

  /**
   * When a lease may have to be asked for. What is held does not shrink by itself and the spend rate only fades: until a
   * lease comes near its end, what is enough now stays enough.
   */
  #nextNeedMs(nowMs: number): number {
    if (this.#isDraining || this.#askedAtMs !== null || nowMs >= this.#wantsUntilMs) return Number.POSITIVE_INFINITY;
    if (!this.#backoff.isOver(nowMs)) return this.#backoff.untilMs;
    let endMs = Number.POSITIVE_INFINITY;
    for (const { spendUntilMs } of this.#leases) endMs = Math.min(endMs, spendUntilMs);
    const needMs = endMs - this.#policy.aheadMs - 2 * this.#refillMs;
    return nowMs < this.#isPoorUntilMs ? Math.min(needMs, this.#isPoorUntilMs) : needMs;
  }

  /** What one lease has to hold. */
  #amountMin(nowMs: number): number {
    return nowMs < this.#isPoorUntilMs ? this.#prices.least : this.#prices.dearest;
  }

  /** What may still be spent at a moment. */
  #freeAt(atMs: number): number {
    let free = 0;
    for (const lease of this.#leases) if (atMs < lease.spendUntilMs) free += lease.free;
    return free;
  }

  /** A price comes out of one lease: many small rests pay nothing. */
  #isEnoughAt(atMs: number, price: number, amount: number): boolean {
    const isOneEnough = this.#leases.some((lease) => atMs < lease.spendUntilMs && bears(lease, 1, price));
    return isOneEnough && this.#freeAt(atMs) >= amount;
  }

  #retire(lease: HeldLease): void {
    this.#leases.splice(this.#leases.indexOf(lease), 1);
    const { accountId, epoch, sequence, free, shared, sharedPriceMax } = lease;
    lease.isOver = true;
    lease.free = 0;
    const kept = shared > 0 ? Math.max(0, sharedPriceMax - shared) : 0;
    if (free > kept) this.#over.push({ accountId, epoch, sequence, unspent: free - kept });
  }

  #end(key: string): LocalReservation | null {
    const reservation = this.#reservations.get(key);
    if (reservation === undefined) return null;
    this.#reservations.delete(key);
    this.#reserved -= reservation.amount;
    return reservation;
  }
}

/** What it keeps for bills must pay one of them. */
function bears({ free, shared }: HeldLease, amount: number, price: number): boolean {
  return free >= amount && free + shared >= price;
}

function positiveInteger(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 1) throw new RangeError(`not a positive safe integer: ${amount}`);
  return amount;
}
