/**
 * What the bids of a winning all-or-nothing group pay. The group as a whole owes what it displaced: the slot-weighted
 * eCPM that the bids beside it would have brought without it, less what they bring with it. Each member pays its reserve
 * plus one common share of the room between reserve and bid,
 *
 *     price = reserve + share x (bid - reserve),   share in [0, 1] such that the eCPM of all prices covers the debt
 *
 * rounded up, never above the bid. First-price deals pay their bid and fixed-price deals their agreed price, and count
 * towards the debt with that. Under `deal_first` a deal member owes only for deal bids, as any deal winner does.
 */
import { mechanismOf } from './bid-mechanism.ts';
import type { Contender } from './contender.ts';
import type { BidGroup } from './group.ts';
import type { ImpMarket } from './imp-market.ts';
import { roundUpMicros } from './micros.ts';
import type { Mechanism } from './types.ts';

/** Sets `clearingUnitMicros` of all members. Expects the positions of the winners of their imps to be set. */
export function priceGroup(group: BidGroup, markets: readonly ImpMarket[], mechanism: Mechanism): void {
  let debt = 0;
  let room = 0;
  for (const member of group.members) {
    const market = markets[member.impRules!.impIndex]!;
    const ecpmPerUnit = market.slotWeights[member.position]! * member.ecpmPerUnit;
    member.clearingUnitMicros = isOwnPrice(member, mechanism) ? member.unitMicros : member.reserveUnitMicros;
    debt += displacedEcpmMicros(member, market) - ecpmPerUnit * member.clearingUnitMicros;
    if (hasRoom(member, mechanism)) room += ecpmPerUnit * (member.unitMicros - member.reserveUnitMicros);
  }
  if (debt <= 0 || room <= 0) return;
  const share = Math.min(1, debt / room);
  for (const member of group.members) if (hasRoom(member, mechanism)) raise(member, share);
}

function raise(member: Contender, share: number): void {
  const raised = member.reserveUnitMicros + share * (member.unitMicros - member.reserveUnitMicros);
  member.clearingUnitMicros = Math.min(member.unitMicros, roundUpMicros(raised));
}

function isOwnPrice(member: Contender, mechanism: Mechanism): boolean {
  return mechanismOf(member, mechanism) === 'first_price';
}

function hasRoom(member: Contender, mechanism: Mechanism): boolean {
  const own = mechanismOf(member, mechanism);
  return own === 'gsp' || own === 'vcg';
}

/** What the others of the imp would bring without the member, less what they bring beside it. */
function displacedEcpmMicros(member: Contender, market: ImpMarket): number {
  const withoutMember = market.seated.filter((contender) => contender !== member);
  return (
    othersEcpmMicros(market, market.winnersWith(withoutMember), member) -
    othersEcpmMicros(market, market.winnersWith(market.seated), member)
  );
}

function othersEcpmMicros(market: ImpMarket, winners: readonly Contender[], member: Contender): number {
  let total = 0;
  for (let position = 0; position < winners.length; position++) {
    const winner = winners[position]!;
    if (winner === member || winner.rankClass > member.rankClass) continue;
    total += market.slotWeights[position]! * winner.ecpmMicros;
  }
  return total;
}
