/**
 * Generalised second price (Edelman, Ostrovsky, Schwarz 2007; Varian 2007): the winner of position k pays what the bid
 * ranked k+1 makes it need to keep its rank, plus an increment. With one slot it is the second-price auction, OpenRTB `at: 2`.
 *
 *     price = min(bid, max(reserve, eCPM(k+1) / eCPM-per-unit + increment))
 *
 * Slot weights cancel out: prices are per click or per mille at the position itself.
 */
import { type RankedBid, unitPriceToTie } from './ranked-bid.ts';

/**
 * Price of `ranked[rank]` in its own unit, rounded up to the next micro but never above the bid. Only bids before
 * `rankEnd` set prices (the others are of a class that could not have won against it). Nobody there counts as a bid of zero:
 * a lone bid pays the reserve, and the increment where there is no reserve, so only a bid of zero ever pays nothing.
 */
export function gspUnitMicros(
  ranked: readonly RankedBid[],
  rank: number,
  rankEnd: number,
  incrementUnitMicros: number,
): number {
  const bid = ranked[rank]!;
  const toTie = rank + 1 < rankEnd ? unitPriceToTie(bid, ranked[rank + 1]!.ecpmMicros) : 0;
  const aboveRunnerUp = toTie + incrementUnitMicros;
  return Math.min(bid.unitMicros, Math.max(bid.reserveUnitMicros, aboveRunnerUp));
}
