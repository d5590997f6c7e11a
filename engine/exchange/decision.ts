/** The synchronous decision over what was collected: candidates, clearing, and the way back to the wire bids. Pure. */
import { type CurrencyTable, rateBetween } from '../../openrtb/currency.ts';
import type { ReadResponse } from '../../openrtb/read-response.ts';
import type { Bid } from '../../openrtb/types.ts';
import { clearAuction } from '../auction/clear.ts';
import type { AuctionInput, AuctionOutcome, BidCandidate, PricingModel, WithheldReason } from '../auction/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import type {
  ClickEstimates,
  ConversionEstimates,
  DraftCandidate,
  EstimateSubject,
} from '../estimation/click-estimates.ts';
import type { EstimateAnswer, EstimateQuestion } from '../estimation/estimate-question.ts';
import type { Priors } from '../estimation/priors.ts';
import type { CreativeTemplates } from '../markup/creative-templates.ts';
import type { AuctionTerms } from './auction-terms.ts';
import { bidCandidate, markupFacts } from './bid-candidate.ts';
import { canBeTold } from './billable-bids.ts';

/** A candidate's wire bid and the response it came in; same index as `AuctionInput.bids`. */
export interface CollectedBid {
  readonly dspId: string;
  readonly seat: string | null;
  readonly bid: Bid;
  readonly response: ReadResponse;
  /** Null for bids of DSPs. */
  readonly house: HouseLineItem | null;
}

/** What a house bid is for, and what it is paid from. */
export interface HouseLineItem {
  readonly lineItemId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  /** In the ledger: the campaign's money, or the impressions of a guaranteed line item. */
  readonly accountId: string;
  /** Of its creative. */
  readonly templates: CreativeTemplates | null;
}

/** A bid of one of our own line items, for one imp; made before any DSP is asked. */
export interface HouseBid {
  /** Its index is set when it is gathered. */
  readonly candidate: Omit<DraftCandidate, 'index'>;
  readonly bid: Bid;
  readonly response: ReadResponse;
  readonly house: HouseLineItem;
}

export interface Decision {
  readonly input: AuctionInput;
  readonly outcome: AuctionOutcome;
  readonly collected: readonly CollectedBid[];
}

/** Bids as they have been read so far, in the order in which they came. */
export interface GatheredBids {
  readonly bids: readonly BidCandidate[];
  readonly collected: readonly CollectedBid[];
  /** Replies that they are of. */
  readonly replyCount: number;
  /** What a model elsewhere may estimate better in time, of the bids that were read last; by index of the bid. */
  readonly questions: readonly EstimateQuestion[];
}

export interface DecisionRules {
  readonly currencies: CurrencyTable;
  readonly priors: Priors;
  /** Null: bids by click and by conversion rank by the priors of clicks. */
  readonly estimates: ClickEstimates | null;
  /** Null: those by conversion rank by the priors of conversions. */
  readonly conversionEstimates: ConversionEstimates | null;
  /** By DSP id; absent = `PER_MILLE`. */
  readonly bidding: ReadonlyMap<string, BiddingTerms>;
  /** DSPs pay by what tracking URLs tell: an ad that none can tell of may not win. */
  readonly isBilledByEvents: boolean;
}

/** What a DSP's prices mean, by agreement, and how relevant its bids by click or conversion are (1 = neutral). */
export interface BiddingTerms {
  readonly pricing: PricingModel;
  readonly quality: number;
}

const PER_MILLE: BiddingTerms = { pricing: 'cpm', quality: 1 };
const NO_QUESTIONS: readonly EstimateQuestion[] = [];

/**
 * `before`: what was gathered of the first of the same replies, or null. Its candidates are taken over as they are, so a
 * bid is read and estimated once, however often its auction is decided.
 */
export function gatherBids(
  terms: AuctionTerms,
  replies: readonly DspReply[],
  rules: DecisionRules,
  subject: EstimateSubject,
  before: GatheredBids | null,
): GatheredBids {
  const collected: CollectedBid[] = before === null ? [] : before.collected.slice();
  const bids: BidCandidate[] = before === null ? [] : before.bids.slice();
  const byAction: DraftCandidate[] = [];
  const byConversion: DraftCandidate[] = [];
  for (let index = before?.replyCount ?? 0; index < replies.length; index++) {
    const { dspId, response } = replies[index]!;
    if (response !== null) collectBids(dspId, response, terms, rules, { collected, bids, byAction, byConversion });
  }
  const questions = estimate(rules, subject, { bids, collected, byAction, byConversion });
  return { bids, collected, replyCount: replies.length, questions };
}

/** House bids, behind what was gathered `before`. */
export function gatherHouseBids(
  house: readonly HouseBid[],
  rules: DecisionRules,
  subject: EstimateSubject,
  before: GatheredBids | null = null,
): GatheredBids {
  const collection: Collection = {
    collected: before === null ? [] : before.collected.slice(),
    bids: before === null ? [] : before.bids.slice(),
    byAction: [],
    byConversion: [],
  };
  for (const { candidate: made, ...origin } of house) {
    const candidate: DraftCandidate = { ...made, index: collection.bids.length };
    const { dspId, seat } = candidate;
    collect(collection, candidate, { dspId, seat, ...origin });
  }
  const questions = estimate(rules, subject, collection);
  return { bids: collection.bids, collected: collection.collected, replyCount: before?.replyCount ?? 0, questions };
}

function estimate(
  rules: DecisionRules,
  subject: EstimateSubject,
  { collected, byAction, byConversion }: Collection,
): readonly EstimateQuestion[] {
  const questions = estimateClicks(rules.estimates, subject, byAction, collected);
  rules.conversionEstimates?.estimate(subject, byConversion);
  return questions;
}

/** Questions come with the index of the candidate's bid. */
function estimateClicks(
  estimates: ClickEstimates | null,
  subject: EstimateSubject,
  byAction: readonly DraftCandidate[],
  collected: readonly CollectedBid[],
): readonly EstimateQuestion[] {
  if (estimates === null || byAction.length === 0) return NO_QUESTIONS;
  const campaignIds = byAction.map(({ index }) => collected[index]!.bid.cid ?? '');
  const questions = estimates.estimate(subject, byAction, campaignIds);
  if (questions.length === 0) return NO_QUESTIONS;
  return questions.map((question) => ({ ...question, index: byAction[question.index]!.index }));
}

/** The same bids with what a model elsewhere has said of some of them. */
export function withEstimates(gathered: GatheredBids, answers: readonly EstimateAnswer[]): GatheredBids {
  const bids = gathered.bids.slice();
  for (const { index, value, source, model } of answers) {
    bids[index] = { ...bids[index]!, ctr: value, ctrSource: source, ctrModel: model };
  }
  return { ...gathered, bids };
}

export function clearBids(
  terms: AuctionTerms,
  { bids, collected }: Pick<GatheredBids, 'bids' | 'collected'>,
  rules: DecisionRules,
): Decision {
  const input: AuctionInput = { ...terms, conversionRates: conversionRates(bids, terms.currency, rules), bids };
  return { input, outcome: clearAuction(input), collected };
}

/** Over all replies at once, with the estimates that there are. */
export function decideAuction(
  terms: AuctionTerms,
  replies: readonly DspReply[],
  rules: DecisionRules,
  subject: EstimateSubject,
): Decision {
  return clearBids(terms, gatherBids(terms, replies, rules, subject, null), rules);
}

/**
 * The same auction, now that win notice URLs have served markup (by bid index): it is judged like markup that came with
 * the bid. Empty: it could not be had, and the bid cannot win.
 */
export function clearWithMarkup(decision: Decision, markupByBid: ReadonlyMap<number, string>): Decision {
  const bids = decision.input.bids.map((bid) => {
    const markup = markupByBid.get(bid.index);
    return markup === undefined ? bid : { ...bid, ...markupFacts(markup), hasWinNoticeUrl: false };
  });
  const input: AuctionInput = { ...decision.input, bids };
  return { ...decision, input, outcome: clearAuction(input) };
}

/** The same auction without bids that cannot be paid or shown. */
export function clearWithout(decision: Decision, withheld: ReadonlyMap<number, WithheldReason>): Decision {
  const bids = decision.input.bids.map((bid) => {
    const reason = withheld.get(bid.index);
    return reason === undefined ? bid : { ...bid, withheld: reason };
  });
  const input: AuctionInput = { ...decision.input, bids };
  return { ...decision, input, outcome: clearAuction(input) };
}

/** What a decision is made over, as it comes together. */
interface Collection {
  readonly collected: CollectedBid[];
  readonly bids: BidCandidate[];
  /** Paid by click or by conversion: what they are worth hangs on clicks. */
  readonly byAction: DraftCandidate[];
  readonly byConversion: DraftCandidate[];
}

function collectBids(
  dspId: string,
  response: ReadResponse,
  terms: AuctionTerms,
  rules: DecisionRules,
  collection: Collection,
): void {
  const { pricing, quality } = rules.bidding.get(dspId) ?? PER_MILLE;
  for (let index = 0; index < response.seatbids.length; index++) {
    const { seat, group, bids: seatBids } = response.seatbids[index]!;
    const groupKey = group ? `${dspId} ${index}` : null;
    const origin = { dspId, seat, groupKey, currency: response.cur, pricing, quality };
    for (const bid of seatBids) {
      const read = bidCandidate(collection.bids.length, bid, origin, rules.priors);
      const candidate = read.hasMarkup || mayFetchMarkup(read, terms) ? read : withoutNotice(read);
      const isBillable = !rules.isBilledByEvents || canBeTold(candidate, terms);
      const entered: DraftCandidate = isBillable ? candidate : { ...candidate, withheld: 'untrackable-pricing' };
      collect(collection, entered, { dspId, seat, bid, response, house: null });
    }
  }
}

function collect({ bids, collected, byAction, byConversion }: Collection, bid: DraftCandidate, of: CollectedBid): void {
  bids.push(bid);
  collected.push(of);
  if (bid.withheld !== null) return;
  if (bid.pricing !== 'cpm') byAction.push(bid);
  if (bid.pricing === 'cpa') byConversion.push(bid);
}

/**
 * Whether a winner may get its markup from its nurl. That call tells the price, so the price must be final: not for a
 * group or one of several positions, where another bid's forfeit changes it.
 */
function mayFetchMarkup({ groupKey, impId }: BidCandidate, terms: AuctionTerms): boolean {
  return groupKey === null && terms.imps.find((imp) => imp.id === impId)?.slotWeights.length === 1;
}

function withoutNotice(candidate: DraftCandidate): DraftCandidate {
  return { ...candidate, hasWinNoticeUrl: false };
}

/** Only the currencies that occur, since the event records them. */
function conversionRates(
  bids: readonly BidCandidate[],
  auctionCurrency: string,
  rules: DecisionRules,
): Record<string, number> {
  const rates: Record<string, number> = { [auctionCurrency]: 1 };
  for (const { currency } of bids) {
    if (rates[currency] !== undefined) continue;
    const rate = rateBetween(rules.currencies, currency, auctionCurrency);
    if (rate !== null) rates[currency] = rate;
  }
  return rates;
}
