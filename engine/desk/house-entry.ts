/** Our own campaigns in one auction: what they bid, and, once they have won, that they are paid for and may be shown. */
import type { UserCaps } from '../budget/frequency/frequency-caps.ts';
import type { HouseBid } from '../exchange/decision.ts';
import type { Purchase, PurchaseRefusal, PurchaseReservation } from '../exchange/purchases.ts';
import type { HouseDesk } from './house-desk.ts';

export type OnReserved = (reservations: readonly PurchaseReservation[], refusals: readonly PurchaseRefusal[]) => void;

export interface HouseEntryOptions {
  readonly desk: Pick<HouseDesk, 'reserve' | 'release'>;
  /** Whatever the user has seen. */
  readonly bids: readonly HouseBid[];
  readonly user: UserCaps;
  /** The bids again, now without what the user may not be shown: others have the places of those. */
  readonly chooseShown: () => readonly HouseBid[];
  /** Monotonic ms. */
  readonly nowMs: () => number;
  readonly onReserved: (result: 'reserved' | PurchaseRefusal['reason']) => void;
  /** Of ours: it has sold nothing. Of the store's: an impression that was not shown goes on counting for its user. */
  readonly onFault: (error: unknown) => void;
}

export class HouseEntry {
  readonly #options: HouseEntryOptions;
  /** By key of the purchase, in the store of what users have seen: the campaign. */
  readonly #taken = new Map<string, string>();
  #isSettled: boolean;

  constructor(options: HouseEntryOptions) {
    const { bids, user } = options;
    this.#options = options;
    this.#isSettled = !bids.some(({ house }) => user.mustAsk(house.campaignId));
  }

  /** Whether all is known that decides who of us enters the auction. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Once, while it is not settled: asks what the user has seen, and tells when that is known or will not be. */
  settle(onSettled: () => void): void {
    this.#options.user.ask(() => {
      this.#isSettled = true;
      onSettled();
    });
  }

  /** Those that enter, as far as is known by now. To be asked once. */
  choose(): readonly HouseBid[] {
    const { bids, user, chooseShown, onReserved } = this.#options;
    let capped = 0;
    for (const { house } of bids) if (!user.mayShow(house.campaignId)) capped++;
    for (let count = 0; count < capped; count++) onReserved('frequency-capped');
    return capped === 0 ? bids : chooseShown();
  }

  /**
   * Answers once: in the same turn, unless a winner's user has caps that must be taken, which takes as long as the store
   * does, within its limit.
   */
  reserve(purchases: readonly Purchase[], onReserved: OnReserved): void {
    const { user } = this.#options;
    if (purchases.some(({ campaignId }) => user.needsTake(campaignId))) {
      void this.#takeAndPay(purchases, onReserved);
    } else {
      this.#pay(purchases, onReserved);
    }
  }

  /** They were certainly not served. */
  release(reservations: readonly PurchaseReservation[]): void {
    for (const reservation of reservations) {
      this.#options.desk.release(reservation);
      this.#giveBack(reservation.key);
    }
  }

  /** A fault sells nothing, and is not the request's: that is answered without us. */
  async #takeAndPay(purchases: readonly Purchase[], onReserved: OnReserved): Promise<void> {
    const { desk, onFault } = this.#options;
    const reservations: PurchaseReservation[] = [];
    let refusals: PurchaseRefusal[];
    try {
      refusals = await this.#takeAll(purchases);
      this.#reserveAll(purchases, refusals, reservations);
    } catch (error) {
      onFault(error);
      for (const { key } of purchases) this.#giveBack(key);
      for (const reservation of reservations.splice(0)) desk.release(reservation);
      refusals = purchases.map(({ bidIndex }) => ({ bidIndex, reason: 'budget-refused' }));
    }
    this.#answer(reservations, refusals, onReserved);
  }

  #pay(purchases: readonly Purchase[], onReserved: OnReserved): void {
    const reservations: PurchaseReservation[] = [];
    const refusals: PurchaseRefusal[] = [];
    this.#reserveAll(purchases, refusals, reservations);
    this.#answer(reservations, refusals, onReserved);
  }

  /** The cap before the budget: what the budget refuses is given back. */
  #reserveAll(purchases: readonly Purchase[], refusals: PurchaseRefusal[], reservations: PurchaseReservation[]): void {
    const { desk, nowMs } = this.#options;
    const capped = refusals.map(({ bidIndex }) => bidIndex);
    for (const purchase of purchases) {
      if (capped.includes(purchase.bidIndex)) continue;
      const reservation = desk.reserve(purchase, nowMs());
      if (reservation !== null) {
        reservations.push(reservation);
        continue;
      }
      this.#giveBack(purchase.key);
      refusals.push({ bidIndex: purchase.bidIndex, reason: 'budget-refused' });
    }
  }

  #answer(
    reservations: readonly PurchaseReservation[],
    refusals: readonly PurchaseRefusal[],
    onReserved: OnReserved,
  ): void {
    for (const _ of reservations) this.#options.onReserved('reserved');
    for (const { reason } of refusals) this.#options.onReserved(reason);
    onReserved(reservations, refusals);
  }

  async #takeAll(purchases: readonly Purchase[]): Promise<PurchaseRefusal[]> {
    const { user } = this.#options;
    const refused = await Promise.all(
      purchases.map(async ({ key, campaignId, bidIndex }): Promise<PurchaseRefusal[]> => {
        if (!user.needsTake(campaignId)) return [];
        const verdict = await user.take(campaignId, takeId(key, campaignId));
        // Who did not hear the answer may have taken it.
        if (verdict !== 'capped') this.#taken.set(key, campaignId);
        if (user.isShown(verdict)) return [];
        this.#giveBack(key);
        return [{ bidIndex, reason: 'frequency-capped' }];
      }),
    );
    return refused.flat();
  }

  #giveBack(key: string): void {
    const campaignId = this.#taken.get(key);
    if (campaignId === undefined) return;
    this.#taken.delete(key);
    const { user, onFault } = this.#options;
    user.giveBack(campaignId, takeId(key, campaignId)).catch(onFault);
  }
}

/** An imp may be won by another campaign once it is cleared again. */
function takeId(key: string, campaignId: string): string {
  return `${key}/${campaignId}`;
}
