/** What house wins take from their accounts, before they are served. */

import { adImpId } from '../ads/ad-names.ts';
import type { AuctionInput, BidCandidate, PricingModel, Win } from '../auction/types.ts';
import { priceNanos } from '../campaign/price.ts';
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';
import type { Decision } from './decision.ts';

export interface Purchase {
  readonly bidIndex: number;
  /** Of the reservation, and of its bill: `purchaseKey`, unique for ever. */
  readonly key: string;
  readonly accountId: string;
  /** Nanos of the account's currency; impressions for what is guaranteed. */
  readonly amount: number;
  /** That it will be billed, as expected: less than 1 for what is billed by a click or a conversion. */
  readonly chance: number;
  /** How long it is held for its bill hangs on both. */
  readonly media: Win['media'];
  readonly billedBy: OutcomeType;
  readonly campaignId: string;
}

/** A purchase that its account has given: the lease that it is taken from. */
export interface PurchaseReservation {
  readonly key: string;
  readonly bidIndex: number;
  readonly accountId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly amount: number;
  /** For so long after the auction its bill is waited for, ms. */
  readonly heldMs: number;
  /** `Reservation.isShared`. */
  readonly isShared?: boolean;
}

export interface PurchaseRefusal {
  readonly bidIndex: number;
  readonly reason: 'budget-refused' | 'frequency-capped';
}

/** What is bought: `cpm` an impression, `cpc` a click, `cpa` a conversion; what is guaranteed is impressions always. */
export const BILLED_BY = { cpm: 'impression', cpc: 'click', cpa: 'conversion' } as const;

export function purchasesOf({ input, outcome, collected }: Decision): readonly Purchase[] {
  const purchases: Purchase[] = [];
  for (const win of outcome.wins) {
    const { house } = collected[win.bidIndex]!;
    if (house === null) continue;
    purchases.push({
      bidIndex: win.bidIndex,
      ...purchaseTerms(input, win),
      accountId: house.accountId,
      chance: billingChance(input.bids[win.bidIndex]!),
      media: win.media,
      campaignId: house.campaignId,
    });
  }
  return purchases;
}

/** What a house win is due, and by which event. */
export function purchaseTerms(input: AuctionInput, win: Win): Pick<Purchase, 'key' | 'amount' | 'billedBy'> {
  const { pricing, isGuaranteed } = input.bids[win.bidIndex]!;
  const billedBy = isGuaranteed ? 'impression' : BILLED_BY[pricing];
  return {
    key: purchaseKey(input.auctionId, adImpId(win, input.imps), billedBy),
    amount: isGuaranteed ? 1 : priceNanos(pricing, win.clearingPriceMicrosInBidCurrency),
    billedBy,
  };
}

/** What is guaranteed and what is bid per mille is billed whenever it is seen. */
export function billingChance({ pricing, isGuaranteed, ctr, cvr }: BillableBid): number {
  if (isGuaranteed || pricing === 'cpm') return 1;
  return pricing === 'cpc' ? ctr : ctr * cvr;
}

type BillableBid = Pick<BidCandidate, 'pricing' | 'isGuaranteed' | 'ctr' | 'cvr'>;

/**
 * So many times the expected bills are taken from a lease: estimates are off, and bills come by chance. More is safer for
 * us and delivers later.
 */
const TIMES_EXPECTED = 2;

/** What a purchase takes from its lease. `chance`: 1 or `billingChance`. `shareMin`: of its price, 0 to 1. */
export function takenFor(amount: number, chance: number, shareMin: number): number {
  return Math.min(amount, Math.max(1, Math.ceil(amount * Math.max(shareMin, chance * TIMES_EXPECTED))));
}

/**
 * Whoever reports what became of an ad can tell it, and nobody else has it: neither auction ids nor types hold a slash.
 * `impId`: as `adImpId` gives it (ads/ad-names.ts).
 */
export function purchaseKey(auctionId: string, impId: string, billedBy: OutcomeType): string {
  return `${auctionId}/${impId}/${billedBy}`;
}

/** Of a `purchaseKey`. */
export function parsePurchaseKey(key: string): {
  readonly auctionId: string;
  readonly impId: string;
  readonly billedBy: OutcomeType;
} {
  const [first, last] = [key.indexOf('/'), key.lastIndexOf('/')];
  const billedBy = key.slice(last + 1) as OutcomeType;
  return { auctionId: key.slice(0, first), impId: key.slice(first + 1, last), billedBy };
}

/** Of the bid's currency. N CPM-micros are N nanos an impression; a click or conversion of N micros is N x 1000 nanos. */
export function unitNanos({ clearingPriceMicrosInBidCurrency: micros }: Win, pricing: PricingModel): number {
  return pricing === 'cpm' ? micros : micros * 1000;
}
