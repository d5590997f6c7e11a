/**
 * The floor of one bid (OPENRTB 2.x Imp.bidfloor, Deal.bidfloor, DurFloors). A bid equal to its floor passes.
 *
 * The floor is compared with the money a bid is expected to bring per mille: its CPM, CPC x CTR x 1000 or
 * CPA x CTR x CVR x 1000. The quality factor ranks bids; it neither pays a floor nor owes one.
 */
import type { Contender } from '../contender.ts';
import { roundDownMicros, roundUpMicros } from '../micros.ts';
import type { AuctionDeal, AuctionImp, AuctionPolicy, DurationFloor, TimedMediaOffer } from '../types.ts';

/**
 * Sets the reserve of the contender, or refuses it. The floor of a fixed-price deal (`at: 3`) is its price; without one there
 * is nothing agreed to sell at. Expects its media and amounts to be set.
 */
export function checkFloor(contender: Contender, imp: AuctionImp, policy: AuctionPolicy): boolean {
  const { deal, unitMicros, revenuePerUnit } = contender;
  const revenueCpmMicros = revenuePerUnit === 1 ? unitMicros : roundDownMicros(unitMicros * revenuePerUnit);
  const ownFloor = deal === null ? impFloor(contender, imp) : dealFloor(contender, deal);
  if (deal?.auctionType === 3 && ownFloor === 0) return contender.refuse('deal-without-price', 'dealid');
  const isBound = bindsFloorRules(deal, policy) && !contender.bid.isGuaranteed;
  const reserve = Math.max(ownFloor, isBound ? ruleFloor(imp) : 0);
  contender.reserveCpmMicros = reserve;
  if (revenueCpmMicros < reserve) {
    return contender.refuse(deal !== null && revenueCpmMicros < ownFloor ? 'below-deal-floor' : 'below-floor', 'price');
  }
  const reserveUnitMicros = revenuePerUnit === 1 ? reserve : roundUpMicros(reserve / revenuePerUnit);
  contender.reserveUnitMicros = Math.min(reserveUnitMicros, unitMicros);
  return true;
}

function ruleFloor(imp: AuctionImp): number {
  return Math.max(imp.ruleFloorCpmMicros, imp.learnedFloorCpmMicros);
}

/** A fixed-price deal (`at: 3`) is agreed at its floor, so no other floor can raise it. */
function bindsFloorRules(deal: AuctionDeal | null, policy: AuctionPolicy): boolean {
  return deal === null || (policy.floorRulesBindDeals && deal.auctionType !== 3);
}

function impFloor(contender: Contender, imp: AuctionImp): number {
  const offer = timedOfferOf(contender, imp);
  if (offer === null) return imp.requestFloorCpmMicros;
  return (
    floorByDuration(contender.bid.durationSec, offer.durationFloors, offer.minCpmPerSecMicros) ??
    imp.requestFloorCpmMicros
  );
}

function dealFloor(contender: Contender, deal: AuctionDeal): number {
  if (contender.media !== 'video' && contender.media !== 'audio') return deal.floorCpmMicros;
  return (
    floorByDuration(contender.bid.durationSec, deal.durationFloors, deal.minCpmPerSecMicros) ?? deal.floorCpmMicros
  );
}

function timedOfferOf(contender: Contender, imp: AuctionImp): TimedMediaOffer | null {
  if (contender.media === 'video') return imp.video;
  return contender.media === 'audio' ? imp.audio : null;
}

/**
 * One form only: duration ranges, else a price per second. Ranges may overlap, then the highest matching floor counts.
 * null when the duration is unknown or outside every range: the plain floor applies.
 */
function floorByDuration(
  durationSec: number | null,
  ranges: readonly DurationFloor[],
  minCpmPerSecMicros: number | null,
): number | null {
  if (durationSec === null || !(durationSec > 0)) return null;
  if (ranges.length === 0) return minCpmPerSecMicros === null ? null : roundUpMicros(minCpmPerSecMicros * durationSec);
  let highest: number | null = null;
  for (const { minSec, maxSec, floorCpmMicros } of ranges) {
    if (minSec !== null && durationSec < minSec) continue;
    if (maxSec !== null && durationSec > maxSec) continue;
    if (highest === null || floorCpmMicros > highest) highest = floorCpmMicros;
  }
  return highest;
}
