/** Who may bid: seats (BidRequest.wseat/bseat), private auctions and deals (Imp.pmp, OPENRTB 2.x section 3.2.11). */
import type { Contender } from '../contender.ts';
import type { DealRules, ImpRules, RequestRules } from './request-rules.ts';

export function checkSeat(contender: Contender, rules: RequestRules): boolean {
  const { seat } = contender.bid;
  if (rules.allowedSeats !== null) {
    if (seat === null) return contender.refuse('seat-missing', 'seat');
    if (!rules.allowedSeats.has(seat)) return contender.refuse('seat-not-allowed', 'seat');
  }
  if (seat !== null && rules.blockedSeats?.has(seat)) return contender.refuse('seat-blocked', 'seat');
  return true;
}

export function checkDeal(contender: Contender, impRules: ImpRules): boolean {
  const { dealId } = contender.bid;
  if (dealId === null) {
    return impRules.imp.privateAuction ? contender.refuse('open-bid-in-private-auction', 'dealid') : true;
  }
  const dealRules = impRules.deals?.get(dealId);
  if (dealRules === undefined) return contender.refuse('unknown-deal', 'dealid');
  contender.deal = dealRules.deal;
  return checkDealParties(contender, dealRules);
}

function checkDealParties(contender: Contender, { seats, advertisers }: DealRules): boolean {
  const { seat, advertiserDomains } = contender.bid;
  if (seats !== null && (seat === null || !seats.has(seat))) return contender.refuse('seat-not-in-deal', 'seat');
  if (advertisers === null) return true;
  // A bid that hides its advertiser cannot show that the deal admits it.
  if (advertiserDomains.length === 0) return contender.refuse('advertiser-not-in-deal', 'adomain');
  for (let i = 0; i < advertiserDomains.length; i++) {
    if (!advertisers.covers(advertiserDomains[i]!)) return contender.refuse('advertiser-not-in-deal', `adomain[${i}]`);
  }
  return true;
}
