/**
 * A market is rehearsed before it opens: users come in sessions, every bidder scores what they see, the best one's ad is shown.
 * That tells how scores compete (competition.ts) and what users click (click-truth.ts), from which prices and click rates of
 * the real market are then made.
 */
import type { Imp, Site } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import { adOf, type Bidder, pickCreative } from './bidder.ts';
import type { ClickTruth } from './click-truth.ts';
import { type PlacementValues, ScoreStatistics } from './competition.ts';
import type { ImpressionScores } from './impression-scores.ts';
import type { MarketFacts, PlacementFacts, Visibility } from './market-facts.ts';
import { placementParts } from './market-requests.ts';
import type { Sessions } from './sessions.ts';

export interface Rehearsal {
  readonly bidders: readonly Bidder[];
  readonly scores: ImpressionScores;
  readonly sessions: Sessions;
  readonly random: SeededRandom;
}

/** Shares of prices come out within half a percent; click rates of one kind of slot within about a tenth. */
const AUCTIONS = 20_000;

/** How scores compete. */
export function rehearseScores(rehearsal: Rehearsal): ScoreStatistics {
  const highest = new Float64Array(AUCTIONS);
  const second = new Float64Array(AUCTIONS);
  for (let auction = 0; auction < AUCTIONS; auction++) {
    const best = nextAuction(rehearsal, `scores-${auction}`);
    highest[auction] = best.score;
    second[auction] = best.secondScore;
  }
  return new ScoreStatistics(highest, second);
}

/** What each bidder would spend by request, fen per mille, by its id: had it no budget. */
export function rehearseSpending(
  rehearsal: Rehearsal,
  placements: readonly PlacementValues[],
): ReadonlyMap<string, number> {
  const offered = placements.map((values) => ({ weight: values.placement.impressions / values.saleRate, values }));
  const spentFen = new Map<string, number>();
  for (let auction = 0; auction < AUCTIONS; auction++) {
    const { bidder, score, secondScore, random } = nextAuction(rehearsal, `spending-${auction}`);
    const { values } = random.pickWeighted(offered);
    if (bidder === null || !values.isSold(score)) continue;
    const runnerUpFen = secondScore === Number.NEGATIVE_INFINITY ? 0 : values.valueFen(secondScore);
    const priceFen = Math.max(values.placement.floorFen, runnerUpFen);
    spentFen.set(bidder.id, (spentFen.get(bidder.id) ?? 0) + priceFen / AUCTIONS);
  }
  return spentFen;
}

export interface ClickRehearsal extends Rehearsal {
  readonly facts: MarketFacts;
  readonly placements: readonly PlacementValues[];
  readonly truth: ClickTruth;
  /** Epoch ms at the start. */
  readonly startAtMs: number;
}

/** Sets the levels of `truth`, by the ads that would be bought. Users remember what they saw. */
export function rehearseClicks(rehearsal: ClickRehearsal): void {
  const { facts, truth, startAtMs } = rehearsal;
  const slots = slotKinds(facts, rehearsal.placements);
  const hours = facts.hourOfWeek.map((weight, hour) => ({
    weight,
    atMs: hour * HOUR_MS - facts.place.utcOffsetMin * MINUTE_MS,
  }));
  for (let auction = 0; auction < AUCTIONS; auction++) {
    const { atMs, asked, user, bidder, score, random } = nextAuction(rehearsal, `clicks-${auction}`);
    // Kinds of slots in turn: rare ones are judged by as many as common ones.
    const slot = slots[auction % slots.length]!;
    const { imp, site, values } = random.pickWeighted(slot.placements);
    if (bidder === null || !values.isSold(score)) continue;
    const { width, height, visibility } = slot;
    const ad = adOf(bidder, pickCreative(bidder, random), width, height);
    const shown = { request: { ...asked, imp: [imp], site }, imp, ad, visibility, user, atMs: startAtMs + atMs };
    // However short the rehearsal is, it is about all hours.
    const anyHour = { ...shown, atMs: random.pickWeighted(hours).atMs };
    slot.odds += truth.freshClickOdds(anyHour) * truth.tirednessOdds(shown);
    slot.impressions += 1;
    truth.expose(shown);
  }
  for (const { width, height, visibility, clickRate, odds, impressions } of slots) {
    // Where clicks are rare, their odds are their probability.
    if (odds > 0) truth.setLevel(`${width}x${height}`, visibility, (clickRate * impressions) / odds);
  }
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function nextAuction({ bidders, scores, sessions, random }: Rehearsal, id: string) {
  const { atMs, user } = sessions.next();
  const ofAuction = random.fork(id);
  const asked = { id, user: user.user, device: user.device };
  let bidder: Bidder | null = null;
  let score = Number.NEGATIVE_INFINITY;
  let secondScore = Number.NEGATIVE_INFINITY;
  for (const each of bidders) {
    const own = scores.score(asked, each.scorer, ofAuction);
    if (own > score) {
      secondScore = score;
      score = own;
      bidder = each;
    } else if (own > secondScore) secondScore = own;
  }
  return { atMs, asked, user, bidder, score, secondScore, random: ofAuction };
}

/** Slots of one size and visibility. */
interface SlotKind {
  readonly width: number;
  readonly height: number;
  readonly visibility: Visibility;
  /** What is to come out. */
  readonly clickRate: number;
  readonly placements: {
    readonly weight: number;
    readonly values: PlacementValues;
    readonly imp: Imp;
    readonly site: Site;
  }[];
  /** Of clicks: the sum of their odds, by as many impressions. */
  odds: number;
  impressions: number;
}

function slotKinds(facts: MarketFacts, placements: readonly PlacementValues[]): SlotKind[] {
  const kinds = new Map<string, SlotKind>();
  for (const values of placements) {
    const { width, height, visibility, impressions } = values.placement;
    const key = `${width}x${height} ${visibility}`;
    let kind = kinds.get(key);
    if (kind === undefined) {
      const clickRate = clickRateOf(values.placement, facts);
      kind = { width, height, visibility, clickRate, placements: [], odds: 0, impressions: 0 };
      kinds.set(key, kind);
    }
    const { imp, site } = placementParts(values.placement, '');
    kind.placements.push({ weight: impressions / values.saleRate, values, imp, site });
  }
  return [...kinds.values()];
}

/** That of its size, with visibility making the difference within it. */
function clickRateOf({ width, height, visibility }: PlacementFacts, facts: MarketFacts): number {
  const { clickRateBySize, clickOddsByVisibility, placements } = facts;
  let impressions = 0;
  let odds = 0;
  for (const other of placements) {
    if (other.width !== width || other.height !== height) continue;
    impressions += other.impressions;
    odds += other.impressions * clickOddsByVisibility[other.visibility];
  }
  const ofSize = clickRateBySize.get(`${width}x${height}`) ?? facts.clickRateUsual;
  return (ofSize * clickOddsByVisibility[visibility] * impressions) / odds;
}
