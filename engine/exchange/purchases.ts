/** What the winners among our own bids take from their accounts, before they are served. */
import type { Win } from '../auction/types.ts';
import type { Decision } from './decision.ts';

export interface Purchase {
  readonly bidIndex: number;
  /** Of the reservation, and of its bill: unique for ever. */
  readonly key: string;
  readonly accountId: string;
  /** Nanos of the account's currency; impressions for what is guaranteed. */
  readonly amount: number;
  /** How long it is held for its bill hangs on both. */
  readonly media: Win['media'];
  readonly pricing: 'cpm' | 'cpc' | 'cpa';
  readonly campaignId: string;
  readonly advertiserId: string;
}

/** A purchase that its account has given: the lease that it is taken from. */
export interface PurchaseReservation {
  readonly key: string;
  readonly bidIndex: number;
  readonly accountId: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly amount: number;
}

export interface PurchaseRefusal {
  readonly bidIndex: number;
  readonly reason: 'budget-refused' | 'frequency-capped';
}

export function purchasesOf({ input, outcome, collected }: Decision): readonly Purchase[] {
  const purchases: Purchase[] = [];
  for (const win of outcome.wins) {
    const own = collected[win.bidIndex]!.own;
    if (own === null) continue;
    const { pricing, isGuaranteed } = input.bids[win.bidIndex]!;
    const { accountId, campaignId, advertiserId } = own;
    purchases.push({
      bidIndex: win.bidIndex,
      key: `${input.auctionId}/${win.bidIndex}`,
      accountId,
      amount: isGuaranteed ? 1 : priceNanos(win, pricing),
      media: win.media,
      pricing,
      campaignId,
      advertiserId,
    });
  }
  return purchases;
}

/** N CPM-micros are N nanos an impression; a click or conversion of N micros is N x 1000 nanos. Nothing is reserved for none. */
function priceNanos({ clearingPriceMicrosInBidCurrency: micros }: Win, pricing: Purchase['pricing']): number {
  return Math.max(1, pricing === 'cpm' ? micros : micros * 1000);
}
