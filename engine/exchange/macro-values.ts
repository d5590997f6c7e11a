/** Values of the substitution macros for one bid, won or lost (OpenRTB 2.6 section 4.4). */
import { microsToDecimal } from '../../openrtb/currency.ts';
import type { MacroValues } from '../../openrtb/macros.ts';
import type { DroppedBid, DroppedBidNotice } from '../../openrtb/read-response.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import type { Win } from '../auction/types.ts';
import type { Decision } from './decision.ts';

/** `request` is what the DSPs were sent. `win` is null for a bid that lost: the clearing price stays with us. */
export function macroValues(request: BidRequest, decision: Decision, bidIndex: number, win: Win | null): MacroValues {
  const { bid, seat, response } = decision.collected[bidIndex]!;
  const candidate = decision.input.bids[bidIndex]!;
  const verdict = decision.outcome.bids[bidIndex]!;
  const clearing = win?.clearingPriceMicrosInBidCurrency ?? null;
  return {
    AUCTION_ID: request.id,
    AUCTION_BID_ID: response.bidid,
    AUCTION_IMP_ID: bid.impid,
    AUCTION_SEAT_ID: seat,
    AUCTION_AD_ID: bid.adid ?? null,
    AUCTION_CURRENCY: response.cur,
    AUCTION_PRICE: clearing === null ? null : microsToDecimal(clearing),
    AUCTION_MBR: clearing === null ? null : ratio(clearing, candidate.priceMicros),
    AUCTION_LOSS: String(verdict.lossReason),
    AUCTION_MIN_TO_WIN: verdict.minimumToWinMicros === null ? null : microsToDecimal(verdict.minimumToWinMicros),
    AUCTION_MULTIPLIER: win === null ? null : quantity(request, bid.impid),
    AUCTION_DISCOUNT_PCT: win === null ? null : '0',
    AUCTION_DISCOUNT_CPM: win === null ? null : '0',
  };
}

function ratio(clearingMicros: number, bidMicros: number): string {
  return microsToDecimal(Math.round((clearingMicros / bidMicros) * 1_000_000));
}

/** Impressions that one play of a shared screen counts for (imp.qty, DOOH); 1 anywhere else. */
function quantity(request: BidRequest, impId: string): string {
  return String(request.imp.find((imp) => imp.id === impId)?.qty?.multiplier ?? 1);
}

/** For the loss notice of a bid that never reached the auction. */
export function droppedBidMacros(request: BidRequest, bid: DroppedBid, notice: DroppedBidNotice): MacroValues {
  return {
    AUCTION_ID: request.id,
    AUCTION_BID_ID: notice.bidid,
    AUCTION_IMP_ID: bid.impId,
    AUCTION_SEAT_ID: notice.seat,
    AUCTION_AD_ID: notice.adId,
    AUCTION_CURRENCY: notice.cur,
    AUCTION_LOSS: String(bid.lossReason),
  };
}
