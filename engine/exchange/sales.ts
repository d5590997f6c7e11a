/** What an auction has sold, as its events and tracking URLs say it. Pure. */
import type { BidRequest } from '../../openrtb/types.ts';
import { adImpId } from '../ads/ad-names.ts';
import type { Win } from '../auction/types.ts';
import { priceNanos } from '../campaign/price.ts';
import { asStored } from '../campaign/storable.ts';
import type { EstimateSubject } from '../estimation/click-estimates.ts';
import type { Decision } from './decision.ts';
import { billingNoticeUrl } from './notices.ts';
import { BILLED_BY, type PurchaseReservation, unitNanos } from './purchases.ts';
import type { Sale, SoldAd } from './sale.ts';

export interface SaleContext {
  /** As the DSPs got it. */
  readonly request: BidRequest;
  readonly subject: Pick<EstimateSubject, 'features' | 'atMs'>;
  /** Of all house wins. */
  readonly reservations: readonly PurchaseReservation[];
  readonly userKey: string | null;
}

/** One for each win, in their order. */
export function salesOf(decision: Decision, context: SaleContext): readonly SoldAd[] {
  return decision.outcome.wins.map((win) => soldAd(decision, win, context));
}

/** `context.reservations` needs to have what is of our own. */
export function soldAd(decision: Decision, win: Win, context: SaleContext): SoldAd {
  return {
    auctionId: decision.input.auctionId,
    impId: adImpId(win, decision.input.imps),
    userKey: context.userKey,
    isTest: context.request.test === 1,
    sale: saleOf(decision, win, context),
    billingNotice: billingNoticeUrl(context.request, decision, win),
  };
}

function saleOf(decision: Decision, win: Win, { subject, reservations }: SaleContext): Sale {
  const { bid, house } = decision.collected[win.bidIndex]!;
  const { pricing, isGuaranteed, currency, advertiserDomains } = decision.input.bids[win.bidIndex]!;
  const { features } = subject;
  return {
    payer: payerOf(decision, win, reservations),
    pricing,
    billedBy: isGuaranteed ? 'impression' : BILLED_BY[pricing],
    amount: isGuaranteed
      ? 1
      : house === null
        ? unitNanos(win, pricing)
        : priceNanos(pricing, win.clearingPriceMicrosInBidCurrency),
    currency,
    publisherId: asStored(features.publisherId),
    placementId: features.imps.find(({ impId }) => impId === win.impId)?.placementId ?? '',
    media: win.media,
    advertiserId: house?.advertiserId ?? advertiserDomains[0] ?? '',
    campaignId: house?.campaignId ?? bid.cid ?? '',
    lineItemId: house?.lineItemId ?? '',
    creativeId: bid.crid ?? bid.adid ?? '',
    soldAtMs: Math.floor(subject.atMs),
  };
}

function payerOf(decision: Decision, win: Win, reservations: readonly PurchaseReservation[]): Sale['payer'] {
  const { dspId, seat, house } = decision.collected[win.bidIndex]!;
  if (house === null) return { kind: 'dsp', dspId, seat: asStored(seat ?? '') };
  const { accountId, epoch, sequence } = reservations.find(({ bidIndex }) => bidIndex === win.bidIndex)!;
  const unit = decision.input.bids[win.bidIndex]!.isGuaranteed ? 'impressions' : 'nanos';
  return { kind: 'house', accountId, unit, epoch, sequence };
}
