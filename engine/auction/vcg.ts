/**
 * Vickrey-Clarke-Groves prices for positions (Varian 2007, Edelman-Ostrovsky-Schwarz 2007): the winner pays the value that
 * those behind it lose because each stands one position lower. With slot weights a(0) >= a(1) >= … and a(K) = 0,
 *
 *     price(k) x a(k) = sum over j = k … K-1 of (a(j) - a(j+1)) x max(reserve, eCPM(j+1) / eCPM-per-unit)
 *
 * It is a weighted mean of what GSP charges at k and below, hence never above the GSP price. No increment: the price is
 * the harm done and nothing else. The reserve acts as a bidder of the seller's own for every slot.
 */
import { roundUpMicros } from './micros.ts';
import type { RankedBid } from './ranked-bid.ts';

/**
 * Price of `ranked[rank]` at `position` in its own unit, rounded up to the next micro but never above the bid.
 * `rankEnd` as in GSP. `slotWeights` are positive and descending.
 */
export function vcgUnitMicros(
  ranked: readonly RankedBid[],
  rank: number,
  rankEnd: number,
  position: number,
  slotWeights: readonly number[],
): number {
  const bid = ranked[rank]!;
  let harm = 0;
  for (let slot = position; slot < slotWeights.length; slot++) {
    const follower = rank + 1 + slot - position;
    const tie = follower < rankEnd ? ranked[follower]!.ecpmMicros / bid.ecpmPerUnit : 0;
    harm += (slotWeights[slot]! - (slotWeights[slot + 1] ?? 0)) * Math.max(bid.reserveUnitMicros, tie);
  }
  const price = roundUpMicros(harm / slotWeights[position]!);
  return Math.min(bid.unitMicros, Math.max(bid.reserveUnitMicros, price));
}
