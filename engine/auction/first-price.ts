/** First price (OpenRTB `at: 1`): every winner pays its own bid. */
import type { RankedBid } from './ranked-bid.ts';

/** Price in the bid's own unit. */
export function firstPriceUnitMicros(bid: RankedBid): number {
  return bid.unitMicros;
}
