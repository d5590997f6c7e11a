/**
 * All-or-nothing groups (SeatBid.group = 1, OpenRTB 2.x section 4.2.2): every bid of the group wins, or none does.
 *
 * A set of groups is better than another when the bids that then win, independents in the other slots included, bring
 * more eCPM in total (weighted by slot). Deals come first here too: totals of deal bids are compared before totals of
 * open bids when the policy is `deal_first`. Between equals the groups lose.
 */
import type { Contender } from './contender.ts';
import type { ImpMarket } from './imp-market.ts';
import { compareText, stableHash } from './ranking.ts';

export interface BidGroup {
  readonly key: string;
  readonly tieHash: number;
  readonly members: Contender[];
}

/**
 * The search is bounded by its work. Trying a group looks at every slot of each of its imps (and at no more competitors
 * than slots), so its work is the number of those slots: 0.1 us each.
 *
 * All 2^n sets of n groups are tried while 2^n x (work of the largest) stays within this (9 groups of 16 bids for one-slot
 * imps, 11 of 4). Beyond it groups are taken one by one, best gain first, and a better set may be missed.
 */
const EXACT_WORK_MAX = 2 ** 13;
/** Of the groups taken one by one, those whose bids bring most; the others lose. */
const GREEDY_GROUPS_MAX = 64;
/** And no more of them than this work, which is done twice. */
const GREEDY_WORK_MAX = 2 ** 12;

/**
 * The groups of two and more bids; their members get `group` set. A group of one is an independent bid. Members of a
 * group that bids twice for one imp are refused.
 */
export function collectGroups(contenders: readonly Contender[], auctionId: string): BidGroup[] {
  const groups = new Map<string, BidGroup>();
  let group: BidGroup | undefined;
  for (const contender of contenders) {
    if (contender.bid.groupKey === null) continue;
    // The bids of a group arrive one after the other.
    if (group === undefined || !isOfGroup(contender, group)) group = groupOf(contender, groups, auctionId);
    group.members.push(contender);
  }
  const realGroups: BidGroup[] = [];
  for (const candidate of groups.values()) if (candidate.members.length > 1) realGroups.push(candidate);
  for (const realGroup of realGroups) formGroup(realGroup);
  return realGroups;
}

function isOfGroup({ bid }: Contender, { members }: BidGroup): boolean {
  const first = members[0]!.bid;
  return bid.dspId === first.dspId && bid.groupKey === first.groupKey;
}

function groupOf({ bid }: Contender, groups: Map<string, BidGroup>, auctionId: string): BidGroup {
  const key = `${bid.dspId}\u0000${bid.groupKey}`;
  let group = groups.get(key);
  if (group === undefined) {
    group = { key, tieHash: stableHash(auctionId, key), members: [] };
    groups.set(key, group);
  }
  return group;
}

function formGroup(group: BidGroup): void {
  const impIds = new Set<string>();
  for (const member of group.members) {
    member.group = group;
    impIds.add(member.bid.impId);
  }
  if (impIds.size === group.members.length) return;
  for (const member of group.members) if (member.status !== 'refused') member.refuse('group-repeats-imp', 'impid');
}

/**
 * Decides which groups win, seats their bids in the markets and gives every other group member its reason.
 * `markets` are those of the imps, in the order of the request, with their competitors selected.
 */
export function seatGroups(groups: readonly BidGroup[], markets: readonly ImpMarket[]): BidGroup[] {
  const viable: BidGroup[] = [];
  for (const group of groups) {
    if (group.members.some((member) => member.status === 'refused')) loseGroup(group, 'group-incomplete');
    else viable.push(group);
  }
  viable.sort((a, b) => a.tieHash - b.tieHash || compareText(a.key, b.key));
  const choice = new GroupChoice(markets);
  const chosen = choice.isSmall(viable) ? choice.best(viable) : choice.greedy(choice.mostPromising(viable));
  const winners = new Set(chosen);
  for (const group of viable) {
    if (winners.has(group)) choice.seat(group);
    else loseGroup(group, 'group-outbid');
  }
  return chosen;
}

function loseGroup(group: BidGroup, reason: 'group-incomplete' | 'group-outbid'): void {
  for (const member of group.members) if (member.status !== 'refused') member.lose(reason);
}

/** Slot-weighted eCPM of winners, by rank class; the first in which two differ decides. */
type Welfare = readonly [guaranteed: number, deal: number, open: number];

const NO_WELFARE: Welfare = [0, 0, 0];

class GroupChoice {
  readonly #markets: readonly ImpMarket[];
  /** By imp, of what is seated now; null until it is asked for. */
  readonly #welfare: (Welfare | null)[];
  #bestGain: Welfare = NO_WELFARE;
  #best: BidGroup[] = [];

  constructor(markets: readonly ImpMarket[]) {
    this.#markets = markets;
    this.#welfare = markets.map(() => null);
  }

  isSmall(groups: readonly BidGroup[]): boolean {
    const sets = 2 ** groups.length;
    for (const group of groups) if (sets * this.#workOf(group) > EXACT_WORK_MAX) return false;
    return true;
  }

  /** Those whose bids bring most, as many as can be taken one by one. */
  mostPromising(groups: readonly BidGroup[]): BidGroup[] {
    const promising: BidGroup[] = [];
    let work = 0;
    for (const { group } of byGain(groups.map((group) => ({ group, gain: sumOf(group) })))) {
      work += this.#workOf(group);
      if (promising.length === GREEDY_GROUPS_MAX || work > GREEDY_WORK_MAX) break;
      promising.push(group);
    }
    return promising;
  }

  /** The best of all sets; of equally good ones the one met first, and sets without a group come before those with it. */
  best(groups: readonly BidGroup[]): BidGroup[] {
    this.#visit(groups, 0, NO_WELFARE, []);
    return this.#best;
  }

  #visit(groups: readonly BidGroup[], index: number, gain: Welfare, chosen: BidGroup[]): void {
    if (index === groups.length) {
      if (!isBetter(gain, this.#bestGain)) return;
      this.#bestGain = gain;
      this.#best = chosen.slice();
      return;
    }
    this.#visit(groups, index + 1, gain, chosen);
    const group = groups[index]!;
    if (!this.#canSeat(group)) return;
    const gainOfGroup = this.#gainOf(group);
    this.seat(group);
    chosen.push(group);
    this.#visit(groups, index + 1, sum(gain, gainOfGroup), chosen);
    chosen.pop();
    this.#unseat(group);
  }

  /** By gain over no groups at all, best first; a group enters when it still gains beside those before it. */
  greedy(groups: readonly BidGroup[]): BidGroup[] {
    const candidates: RatedGroup[] = [];
    for (const group of groups) {
      if (this.#canSeat(group)) candidates.push({ group, gain: this.#gainOf(group) });
    }
    const chosen: BidGroup[] = [];
    for (const { group } of byGain(candidates)) {
      if (!this.#canSeat(group) || !isBetter(this.#gainOf(group), NO_WELFARE)) continue;
      this.seat(group);
      chosen.push(group);
    }
    for (const group of chosen) this.#unseat(group);
    return chosen;
  }

  seat(group: BidGroup): void {
    for (const member of group.members) {
      this.#marketOf(member).seated.push(member);
      this.#welfare[member.impRules!.impIndex] = null;
    }
  }

  #unseat(group: BidGroup): void {
    for (const member of group.members) {
      const { seated } = this.#marketOf(member);
      seated.splice(seated.indexOf(member), 1);
      this.#welfare[member.impRules!.impIndex] = null;
    }
  }

  #canSeat(group: BidGroup): boolean {
    for (const member of group.members) if (!this.#marketOf(member).canSeat(member)) return false;
    return true;
  }

  /** What seating the group adds to the welfare of its imps. */
  #gainOf(group: BidGroup): Welfare {
    const gain: [number, number, number] = [0, 0, 0];
    for (const member of group.members) {
      const market = this.#marketOf(member);
      const after = welfareWith(market, market.seated.concat(member));
      const before = this.#currentWelfare(member.impRules!.impIndex);
      for (let rankClass = 0; rankClass < gain.length; rankClass++) {
        gain[rankClass]! += after[rankClass]! - before[rankClass]!;
      }
    }
    return gain;
  }

  #currentWelfare(impIndex: number): Welfare {
    const market = this.#markets[impIndex]!;
    this.#welfare[impIndex] ??= welfareWith(market, market.seated);
    return this.#welfare[impIndex];
  }

  /** Number of slots of its imps. */
  #workOf(group: BidGroup): number {
    let slots = 0;
    for (const member of group.members) slots += this.#marketOf(member).slotWeights.length;
    return slots;
  }

  #marketOf(member: Contender): ImpMarket {
    return this.#markets[member.impRules!.impIndex]!;
  }
}

function welfareWith(market: ImpMarket, seated: readonly Contender[]): Welfare {
  const winners = market.winnersWith(seated);
  const welfare: [number, number, number] = [0, 0, 0];
  for (let position = 0; position < winners.length; position++) {
    const winner = winners[position]!;
    welfare[winner.rankClass] += market.slotWeights[position]! * winner.ecpmMicros;
  }
  return welfare;
}

interface RatedGroup {
  readonly group: BidGroup;
  readonly gain: Welfare;
}

/** Best first, in place; stable, so equal gains keep the order of the tie hash. */
function byGain(groups: RatedGroup[]): RatedGroup[] {
  return groups.sort((a, b) => (isBetter(a.gain, b.gain) ? -1 : isBetter(b.gain, a.gain) ? 1 : 0));
}

/** What its bids bring, displaced ones and slot weights aside. */
function sumOf(group: BidGroup): Welfare {
  const welfare: [number, number, number] = [0, 0, 0];
  for (const { rankClass, ecpmMicros } of group.members) welfare[rankClass] += ecpmMicros;
  return welfare;
}

function sum(a: Welfare, b: Welfare): Welfare {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function isBetter(a: Welfare, b: Welfare): boolean {
  for (let rankClass = 0; rankClass < a.length; rankClass++) {
    if (a[rankClass] !== b[rankClass]) return a[rankClass]! > b[rankClass]!;
  }
  return false;
}
