/** What house wins take from their accounts, before they are served. */
import type { PricingModel, Win } from '../auction/types.ts';
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';
import type { Decision } from './decision.ts';

export interface Purchase {
  readonly bidIndex: number;
  /** Of the reservation, and of its bill: `purchaseKey`, unique for ever. */
  readonly key: string;
  readonly accountId: string;
  /** Nanos of the account's currency; impressions for what is guaranteed. */
  readonly amount: number;
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
    const { pricing, isGuaranteed } = input.bids[win.bidIndex]!;
    const billedBy = isGuaranteed ? 'impression' : BILLED_BY[pricing];
    purchases.push({
      bidIndex: win.bidIndex,
      key: purchaseKey(input.auctionId, adImpId(win), billedBy),
      accountId: house.accountId,
      amount: isGuaranteed ? 1 : reservedNanos(win, pricing),
      media: win.media,
      billedBy,
      campaignId: house.campaignId,
    });
  }
  return purchases;
}

/** `ID`, or `ID#N` for the ad in a further position of the imp, N from 1. */
export function adImpId({ impId, position }: Win): string {
  return position === 0 ? impId : `${impId}#${position}`;
}

/**
 * Whoever reports what became of an ad can tell it, and nobody else has it: neither auction ids nor types hold a slash.
 * `impId`: as `adImpId` gives it.
 */
export function purchaseKey(auctionId: string, impId: string, billedBy: OutcomeType): string {
  return `${auctionId}/${impId}/${billedBy}`;
}

/** Of the bid's currency. N CPM-micros are N nanos an impression; a click or conversion of N micros is N x 1000 nanos. */
export function unitNanos({ clearingPriceMicrosInBidCurrency: micros }: Win, pricing: PricingModel): number {
  return pricing === 'cpm' ? micros : micros * 1000;
}

/** Nothing is reserved for nothing. */
export function reservedNanos(win: Win, pricing: PricingModel): number {
  return Math.max(1, unitNanos(win, pricing));
}
