/**
 * The auction decision, in one synchronous step: eligibility, ranking, choice of groups, clearing, and a verdict for every bid.
 * Pure: the outcome follows from the input alone, and the order of `input.bids` is no part of it.
 */
import { toBidCurrencyRoundedDown } from './bid-currency.ts';
import { awardPositions, explainLosses, priceIndependents } from './clearing.ts';
import { Contender } from './contender.ts';
import { compileRequestRules } from './eligibility/request-rules.ts';
import { isEligible } from './eligibility.ts';
import { collectGroups, seatGroups } from './group.ts';
import { priceGroup } from './group-price.ts';
import { ImpMarket } from './imp-market.ts';
import { roundDownMicros } from './micros.ts';
import { rankClassOf, rankContenders, selectCompetitors } from './ranking.ts';
import { lossReasonOf } from './reasons.ts';
import type { AuctionInput, AuctionOutcome, BidVerdict, Win } from './types.ts';

/** Never throws for any bid that has the shape of its type: one odd bid is refused and the others go on. */
export function clearAuction(input: AuctionInput): AuctionOutcome {
  const contenders = judgeBids(input);
  const groups = hasGroups(input) ? collectGroups(contenders, input.auctionId) : [];
  const markets = openMarkets(input, contenders);
  const chosenGroups = groups.length > 0 ? seatGroups(groups, markets) : groups;
  const winnersByImp: Contender[][] = [];
  for (const market of markets) winnersByImp.push(awardPositions(market));
  for (const group of chosenGroups) priceGroup(group, markets, input.mechanism);
  for (let i = 0; i < markets.length; i++) {
    priceIndependents(markets[i]!, winnersByImp[i]!, input);
    explainLosses(markets[i]!, winnersByImp[i]!, input);
  }
  return { wins: winsOf(winnersByImp), bids: contenders.map(verdictOf) };
}

function judgeBids(input: AuctionInput): Contender[] {
  const rules = compileRequestRules(input);
  const contenders: Contender[] = [];
  for (const bid of input.bids) {
    const contender = new Contender(bid);
    if (isEligible(contender, rules)) contender.rankClass = rankClassOf(contender, input);
    contenders.push(contender);
  }
  return contenders;
}

function hasGroups(input: AuctionInput): boolean {
  for (const bid of input.bids) if (bid.groupKey !== null) return true;
  return false;
}

/** One market per imp, in the order of the request, with its bids ranked and its competitors selected. */
function openMarkets(input: AuctionInput, contenders: readonly Contender[]): ImpMarket[] {
  const markets = input.imps.map((imp) => new ImpMarket(imp, input.auctionId));
  for (const contender of contenders) {
    if (contender.status !== 'refused') markets[contender.impRules!.impIndex]!.bids.push(contender);
  }
  for (const market of markets) {
    rankContenders(market.bids, input.auctionId);
    market.competitors = selectCompetitors(market.bids);
  }
  return markets;
}

function winsOf(winnersByImp: readonly Contender[][]): Win[] {
  const wins: Win[] = [];
  for (const winners of winnersByImp) for (const winner of winners) wins.push(winOf(winner));
  return wins;
}

function winOf(winner: Contender): Win {
  const { bid, clearingUnitMicros, revenuePerUnit } = winner;
  return {
    bidIndex: bid.index,
    impId: bid.impId,
    position: winner.position,
    media: winner.media!,
    clearingCpmMicros: revenuePerUnit === 1 ? clearingUnitMicros : roundDownMicros(clearingUnitMicros * revenuePerUnit),
    clearingUnitMicros,
    clearingPriceMicrosInBidCurrency: toBidCurrencyRoundedDown(winner, clearingUnitMicros),
    runnerUpEcpmMicros: winner.runnerUpEcpmMicros,
    reserveCpmMicros: winner.reserveCpmMicros,
  };
}

function verdictOf(contender: Contender): BidVerdict {
  const reason = contender.reason!;
  return {
    bidIndex: contender.bid.index,
    status: contender.status,
    lossReason: lossReasonOf(reason),
    reason,
    field: contender.field,
    ecpmMicros: contender.ecpmMicros,
    reserveCpmMicros: contender.reserveCpmMicros,
    minimumToWinMicros: contender.minimumToWinMicros,
    media: contender.media,
  };
}
