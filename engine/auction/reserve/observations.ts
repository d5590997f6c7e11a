/** What one auction tells the learned reserve: how much each bidder valued the impression, floors aside. */
import type { AuctionInput, AuctionOutcome, BidCandidate, BidVerdict } from '../types.ts';

export interface ReserveObservation {
  /** `AuctionImp.reserveKey`. */
  readonly reserveKey: string;
  /** Expected revenue per mille in the auction currency. */
  readonly ecpmMicros: number;
}

/**
 * The best bid of every seat on every imp among those that took part or were refused for nothing but the floor. Without
 * the latter a reserve that is too high would see only what it lets through and never come down. Deal bids count only
 * where floor rules bind them. Imps without a reserve key are left out.
 */
export function reserveObservations(input: AuctionInput, outcome: AuctionOutcome): ReserveObservation[] {
  const keyByImp = new Map<string, string>();
  for (const imp of input.imps) if (imp.reserveKey !== '') keyByImp.set(imp.id, imp.reserveKey);
  const bestBySeat = new Map<string, ReserveObservation>();
  for (let i = 0; i < outcome.bids.length; i++) {
    const bid = input.bids[i]!;
    const reserveKey = keyByImp.get(bid.impId);
    if (reserveKey === undefined || !showsValue(bid, outcome.bids[i]!, input)) continue;
    const ecpmMicros = revenueOf(bid, outcome.bids[i]!);
    const seatOnImp = JSON.stringify([bid.impId, bid.dspId, bid.seat]);
    const best = bestBySeat.get(seatOnImp);
    if (best === undefined || ecpmMicros > best.ecpmMicros) bestBySeat.set(seatOnImp, { reserveKey, ecpmMicros });
  }
  return [...bestBySeat.values()];
}

function showsValue(bid: BidCandidate, verdict: BidVerdict, input: AuctionInput): boolean {
  if (bid.dealId !== null && !input.policy.floorRulesBindDeals) return false;
  return verdict.status !== 'refused' || verdict.reason === 'below-floor' || verdict.reason === 'below-deal-floor';
}

/** The quality factor ranks bids and is no money. */
function revenueOf(bid: BidCandidate, verdict: BidVerdict): number {
  return bid.pricing === 'cpm' ? verdict.ecpmMicros : Math.round(verdict.ecpmMicros / bid.quality);
}
