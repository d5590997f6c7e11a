/** Clearing of one imp: who gets which position, what each pays, and why the others lost. */
import { mechanismOf } from './bid-mechanism.ts';
import { type Contender, RANK_CLASS } from './contender.ts';
import { firstPriceUnitMicros } from './first-price.ts';
import { gspUnitMicros } from './gsp.ts';
import { type ImpMarket, sharesSeat } from './imp-market.ts';
import { setLoserMinimumToWin, setWinnerMinimumToWin } from './minimum-to-win.ts';
import type { AuctionInput, AuctionPolicy, PricingModel } from './types.ts';
import { vcgUnitMicros } from './vcg.ts';

/** Gives every winner of the imp its position, best first. Expects the groups to be seated. */
export function awardPositions(market: ImpMarket): Contender[] {
  const winners = market.winnersWith(market.seated);
  for (let position = 0; position < winners.length; position++) {
    const winner = winners[position]!;
    winner.status = 'won';
    winner.reason = 'won';
    winner.position = position;
  }
  return winners;
}

/** Prices the independent winners; group members are priced by their group. */
export function priceIndependents(market: ImpMarket, winners: readonly Contender[], input: AuctionInput): void {
  const ranked = market.rankedWithSeated();
  for (let rank = 0, position = 0; rank < ranked.length && position < winners.length; rank++) {
    const contender = ranked[rank]!;
    if (contender !== winners[position]) continue;
    if (contender.group === null) priceWinner(contender, market, ranked, rank, input);
    position++;
  }
}

function priceWinner(
  winner: Contender,
  market: ImpMarket,
  ranked: readonly Contender[],
  rank: number,
  input: AuctionInput,
): void {
  const rankEnd = endOfPriceSetters(winner, market, ranked, rank);
  winner.clearingUnitMicros = unitPriceOf(winner, market, ranked, rank, rankEnd, input);
  const runnerUp = rank + 1 < rankEnd ? ranked[rank + 1]! : null;
  setWinnerMinimumToWin(winner, runnerUp);
  const mechanism = mechanismOf(winner, input.mechanism);
  const isSetByOthers = mechanism === 'gsp' || mechanism === 'vcg';
  if (runnerUp !== null && isSetByOthers && winner.clearingUnitMicros > winner.reserveUnitMicros) {
    winner.runnerUpEcpmMicros = runnerUp.ecpmMicros;
  }
}

/** Open bids set no price for deal bids when deals go first. No rule looks further than one rank per slot. */
function endOfPriceSetters(winner: Contender, market: ImpMarket, ranked: readonly Contender[], rank: number): number {
  const limit = Math.min(ranked.length, rank + 1 + market.slotWeights.length);
  let end = rank + 1;
  while (end < limit && ranked[end]!.rankClass === winner.rankClass) end++;
  return end;
}

function unitPriceOf(
  winner: Contender,
  market: ImpMarket,
  ranked: readonly Contender[],
  rank: number,
  rankEnd: number,
  input: AuctionInput,
): number {
  switch (mechanismOf(winner, input.mechanism)) {
    case 'first_price':
      return firstPriceUnitMicros(winner);
    case 'fixed_price':
      return winner.reserveUnitMicros;
    case 'gsp':
      return gspUnitMicros(ranked, rank, rankEnd, incrementUnitMicros(winner.bid.pricing, input.policy));
    case 'vcg':
      return vcgUnitMicros(ranked, rank, rankEnd, winner.position, market.slotWeights);
  }
}

function incrementUnitMicros(pricing: PricingModel, policy: AuctionPolicy): number {
  switch (pricing) {
    case 'cpm':
      return policy.incrementCpmMicros;
    case 'cpc':
      return policy.incrementClickMicros;
    case 'cpa':
      return policy.incrementConversionMicros;
  }
}

function lostToClass({ rankClass }: Contender): 'lost-to-guaranteed' | 'lost-to-deal' {
  return rankClass === RANK_CLASS.guaranteed ? 'lost-to-guaranteed' : 'lost-to-deal';
}

/** Gives every competitor that did not win its reason. Expects the winners to be priced. */
export function explainLosses(market: ImpMarket, winners: readonly Contender[], input: AuctionInput): void {
  const lastWinner = winners[winners.length - 1];
  if (lastWinner === undefined) return;
  for (let rank = 0; rank < market.competitors.length; rank++) {
    const loser = market.competitors[rank]!;
    if (loser.status === 'won') continue;
    if (sharesSeat(loser, market.seated)) loser.lose('outbid-by-own-seat');
    else if (lastWinner.rankClass < loser.rankClass) loser.lose(lostToClass(lastWinner));
    else if (rank < market.slotWeights.length) loser.lose('displaced-by-group');
    else loser.lose('outbid');
    if (loser.reason === 'outbid') setLoserMinimumToWin(loser, lastWinner, input.mechanism);
  }
}
