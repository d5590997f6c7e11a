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
 * All 2^n sets of n groups are tried while 2^n x (their bids) stays within this (8 groups of 16 bids, 10 of 3): a few
 * milliseconds at worst. Beyond it groups are taken one by one, best gain first, and a better set may be missed.
 */
const EXACT_STEPS_MAX = 2 ** 15;

/**
 * The groups of two and more bids; their members get `group` set. A group of one is an independent bid. Members of a
 * group that bids twice for one imp are refused.
 */
export function collectGroups(contenders: readonly Contender[], auctionId: string): BidGroup[] {
  const groups = new Map<string, BidGroup>();
  for (const contender of contenders) {
    const { dspId, groupKey } = contender.bid;
    if (groupKey === null) continue;
    const key = `${dspId}\u0000${groupKey}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { key, tieHash: stableHash(auctionId, key), members: [] };
      groups.set(key, group);
    }
    group.members.push(contender);
  }
  const realGroups: BidGroup[] = [];
  for (const group of groups.values()) if (group.members.length > 1) realGroups.push(group);
  for (const group of realGroups) formGroup(group);
  return realGroups;
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
 * `markets` are those of the imps, in the
 * order of the request, with their competitors selected.
 */
export function seatGroups(groups: readonly BidGroup[], markets: readonly ImpMarket[]): BidGroup[] {
  const viable: BidGroup[] = [];
  for (const group of groups) {
    if (group.members.some((member) => member.status === 'refused')) loseGroup(group, 'group-incomplete');
    else viable.push(group);
  }
  viable.sort((a, b) => a.tieHash - b.tieHash || compareText(a.key, b.key));
  const choice = new GroupChoice(viable, markets);
  const chosen = isSmall(viable) ? choice.best() : choice.greedy();
  for (const group of viable) {
    if (chosen.includes(group)) choice.seat(group);
    else loseGroup(group, 'group-outbid');
  }
  return chosen;
}

function isSmall(groups: readonly BidGroup[]): boolean {
  let bidCount = 0;
  for (const group of groups) bidCount += group.members.length;
  return 2 ** groups.length * bidCount <= EXACT_STEPS_MAX;
}

function loseGroup(group: BidGroup, reason: 'group-incomplete' | 'group-outbid'): void {
  for (const member of group.members) if (member.status !== 'refused') member.lose(reason);
}

/** Slot-weighted eCPM of winners, by rank class; `deal` is compared first. */
interface Welfare {
  readonly deal: number;
  readonly open: number;
}

class GroupChoice {
  readonly #groups: readonly BidGroup[];
  readonly #markets: readonly ImpMarket[];
  #bestGain: Welfare = { deal: 0, open: 0 };
  #best: BidGroup[] = [];

  constructor(groups: readonly BidGroup[], markets: readonly ImpMarket[]) {
    this.#groups = groups;
    this.#markets = markets;
  }

  /** The best of all sets; of equally good ones the one met first, and sets without a group come before those with it. */
  best(): BidGroup[] {
    this.#visit(0, { deal: 0, open: 0 }, []);
    return this.#best;
  }

  #visit(index: number, gain: Welfare, chosen: BidGroup[]): void {
    if (index === this.#groups.length) {
      if (!isBetter(gain, this.#bestGain)) return;
      this.#bestGain = gain;
      this.#best = chosen.slice();
      return;
    }
    this.#visit(index + 1, gain, chosen);
    const group = this.#groups[index]!;
    if (!this.#canSeat(group)) return;
    const gainOfGroup = this.#gainOf(group);
    this.seat(group);
    chosen.push(group);
    this.#visit(index + 1, { deal: gain.deal + gainOfGroup.deal, open: gain.open + gainOfGroup.open }, chosen);
    chosen.pop();
    this.#unseat(group);
  }

  /** By gain over no groups at all, best first; a group enters when it still gains beside those before it. */
  greedy(): BidGroup[] {
    const none: Welfare = { deal: 0, open: 0 };
    const candidates: { group: BidGroup; gain: Welfare }[] = [];
    for (const group of this.#groups) {
      if (this.#canSeat(group)) candidates.push({ group, gain: this.#gainOf(group) });
    }
    // Stable, so equal gains keep the order of the tie hash.
    candidates.sort((a, b) => (isBetter(a.gain, b.gain) ? -1 : isBetter(b.gain, a.gain) ? 1 : 0));
    const chosen: BidGroup[] = [];
    for (const { group } of candidates) {
      if (!this.#canSeat(group) || !isBetter(this.#gainOf(group), none)) continue;
      this.seat(group);
      chosen.push(group);
    }
    for (const group of chosen) this.#unseat(group);
    return chosen;
  }

  seat(group: BidGroup): void {
    for (const member of group.members) this.#marketOf(member).seated.push(member);
  }

  #unseat(group: BidGroup): void {
    for (const member of group.members) {
      const { seated } = this.#marketOf(member);
      seated.splice(seated.indexOf(member), 1);
    }
  }

  #canSeat(group: BidGroup): boolean {
    for (const member of group.members) if (!this.#marketOf(member).canSeat(member)) return false;
    return true;
  }

  /** What seating the group adds to the welfare of its imps. */
  #gainOf(group: BidGroup): Welfare {
    let deal = 0;
    let open = 0;
    for (const member of group.members) {
      const market = this.#marketOf(member);
      const after = welfareWith(market, market.seated.concat(member));
      const before = welfareWith(market, market.seated);
      deal += after.deal - before.deal;
      open += after.open - before.open;
    }
    return { deal, open };
  }

  #marketOf(member: Contender): ImpMarket {
    return this.#markets[member.impRules!.impIndex]!;
  }
}

function welfareWith(market: ImpMarket, seated: readonly Contender[]): Welfare {
  const winners = market.winnersWith(seated);
  let deal = 0;
  let open = 0;
  for (let position = 0; position < winners.length; position++) {
    const winner = winners[position]!;
    const value = market.slotWeights[position]! * winner.ecpmMicros;
    if (winner.rankClass === 0) deal += value;
    else open += value;
  }
  return { deal, open };
}

function isBetter(a: Welfare, b: Welfare): boolean {
  return a.deal === b.deal ? a.open > b.open : a.deal > b.deal;
}
