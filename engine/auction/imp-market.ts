/** The competition for one imp: its slots, the independent bids in rank order, and the group bids that must be seated. */
import type { Contender } from './contender.ts';
import { rankContenders } from './ranking.ts';
import type { AuctionImp } from './types.ts';

export class ImpMarket {
  readonly imp: AuctionImp;
  readonly auctionId: string;
  /** Relative to the best slot, which is 1; ends before the first slot that is worth nothing. Never empty. */
  readonly slotWeights: readonly number[];
  /** Eligible bids, group bids among them; in rank order once `rankContenders` has sorted them. */
  readonly bids: Contender[] = [];
  /** Independent bids that compete, in rank order. */
  competitors: Contender[] = [];
  /** Bids of the groups chosen so far: they win whatever their rank. */
  seated: Contender[] = [];

  constructor(imp: AuctionImp, auctionId: string) {
    this.imp = imp;
    this.auctionId = auctionId;
    this.slotWeights = normalisedWeights(imp.slotWeights);
  }

  /** Whether one more group bid can be seated: a slot is left and its seat has none yet. */
  canSeat(contender: Contender): boolean {
    return this.seated.length < this.slotWeights.length && !sharesSeat(contender, this.seated);
  }

  /** Winners in order of position when `seated` win for certain: the rest of the slots goes by rank, one per seat. */
  winnersWith(seated: readonly Contender[]): Contender[] {
    const slotCount = this.slotWeights.length;
    if (seated.length === 0) return this.competitors.slice(0, slotCount);
    const winners: Contender[] = [];
    // Seats are unique among competitors, so at most `slotCount` of them are looked at.
    for (const competitor of this.competitors) {
      if (winners.length + seated.length === slotCount) break;
      if (!sharesSeat(competitor, seated)) winners.push(competitor);
    }
    // Behind those that are in order already: what is left to sort is the seated.
    for (const contender of seated) winners.push(contender);
    rankContenders(winners, this.auctionId);
    return winners;
  }

  /** All that set prices here, in rank order: competitors of other seats and the seated. */
  rankedWithSeated(): Contender[] {
    if (this.seated.length === 0) return this.competitors;
    const ranked = this.competitors.filter((competitor) => !sharesSeat(competitor, this.seated));
    for (const contender of this.seated) ranked.push(contender);
    rankContenders(ranked, this.auctionId);
    return ranked;
  }
}

export function sharesSeat(contender: Contender, others: readonly Contender[]): boolean {
  for (const { bid } of others) {
    if (bid.dspId === contender.bid.dspId && bid.seat === contender.bid.seat) return true;
  }
  return false;
}

const ONE_SLOT: readonly number[] = [1];

/** An imp without a usable weight is still one place to show an ad. */
function normalisedWeights(weights: readonly number[]): readonly number[] {
  const best = weights[0] ?? 0;
  if (!(best > 0) || weights.length === 1) return ONE_SLOT;
  const normalised: number[] = [];
  for (const weight of weights) {
    if (!(weight > 0)) break;
    normalised.push(weight / best);
  }
  return normalised;
}
