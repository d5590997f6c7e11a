/** What a DSP still out would be up against. */
import type { AuctionRanking, ImpRanking } from './auction-ranking.ts';

/** The auction as it would be decided now: sums over its imps, eCPM micros. */
export interface StandingPrice {
  readonly isFirstPrice: boolean;
  /** Best bids so far; 0 = none. */
  readonly bestMicros: number;
  /** What the winners would pay: the second bid or the floor, in first price the best bid. */
  readonly priceMicros: number;
}

export function standingPrice({ imps, isFirstPrice }: AuctionRanking): StandingPrice {
  let bestMicros = 0;
  let priceMicros = 0;
  for (const { ecpmMicros, floorMicros } of imps) {
    const best = ecpmMicros[0]!;
    bestMicros += best;
    priceMicros += isFirstPrice ? best : Math.min(best, Math.max(floorMicros, ecpmMicros[1] ?? 0));
  }
  return { isFirstPrice, bestMicros, priceMicros };
}

/**
 * The best bids of the others that were early, summed over the imps: what `learnBid` compares this DSP's bids with, since
 * that is what a late one is up against. Among late ones bids may look poor that would be the best of the auction. eCPM micros.
 */
export function bestOtherMicros(
  { imps }: AuctionRanking,
  dspId: string,
  isEarly: (dspId: string) => boolean = () => true,
): number {
  let sum = 0;
  for (const { dspIds, ecpmMicros } of imps) {
    const best = dspIds.findIndex((other) => other !== dspId && isEarly(other));
    if (best >= 0) sum += ecpmMicros[best]!;
  }
  return sum;
}

/** The DSP's own best bids, summed over the imps; eCPM micros. */
export function ownMicros({ imps }: AuctionRanking, dspId: string): number {
  let sum = 0;
  for (const imp of imps) sum += ownOnImp(imp, dspId);
  return sum;
}

function ownOnImp({ dspIds, ecpmMicros }: ImpRanking, dspId: string): number {
  return ecpmMicros[dspIds.indexOf(dspId)] ?? 0;
}
