/**
 * The life of one ad request as a pure state machine:
 *
 *   collecting --(all replied | not worth waiting | deadline)--> [estimating] --> [fetching markup] --> [reserving] --> concluded
 *        \--------(client gone)------------------------------------------------------------------/
 *
 * Estimates of a model elsewhere are asked for as bids come; what is still missing when collecting ends is waited for until
 * it is answered, which is within the budget of an estimate, but never beyond the deadline.
 *
 * House bids enter when it is known which of them the user may see, which is at once or as late as that may be asked for;
 * at the latest when collecting ends, by what is known then.
 *
 * A house win is reserved before it is served. What its account does not give, or its user has seen often enough, is
 * withheld and the auction cleared again without it; reservations of the round before are given back, since prices change.
 *
 * Where events bill, a DSP's winner whose markup cannot tell what it is paid by is withheld in the same way, at once.
 *
 * `advance` gets a message and the time and gives the effects to perform; the request actor performs them.
 */

import { NoBidReason } from '../../openrtb/codes.ts';
import type { BidRequest, BidResponse } from '../../openrtb/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import { type AuctionRanking, rankingOf } from '../dsp/waiting/auction-ranking.ts';
import type { EstimateSubject } from '../estimation/click-estimates.ts';
import type { EstimateAnswer, EstimateQuestion } from '../estimation/estimate-question.ts';
import type { MarkupTemplate } from '../markup/markup-template.ts';
import type { MarkupOutcome } from '../ports/markup-fetcher.ts';
import { auctionAnswer, noBidAnswer, oversizedWinner } from './answer.ts';
import type { AuctionClosing, AuctionEnding } from './auction-event.ts';
import type { AuctionTerms } from './auction-terms.ts';
import { unbillableBids, withOthersOfTheirDsps } from './billable-bids.ts';
import {
  clearBids,
  clearWithMarkup,
  clearWithout,
  type Decision,
  type DecisionRules,
  type GatheredBids,
  gatherBids,
  gatherHouseBids,
  type HouseBid,
  withEstimates,
} from './decision.ts';
import type { MarkupTracker } from './markup-tracker.ts';
import { markupUrl } from './notices.ts';
import { nextLookAtMs, type PendingCall, type ProgressiveClosing } from './progressive-closing.ts';
import { type Purchase, type PurchaseRefusal, type PurchaseReservation, purchasesOf } from './purchases.ts';
import type { SoldAd } from './sale.ts';
import { type SaleContext, salesOf } from './sales.ts';

export type RequestMessage =
  | { readonly kind: 'start' }
  | { readonly kind: 'replied'; readonly reply: DspReply }
  /** `HouseParticipant.isSettled` has become true. */
  | { readonly kind: 'house-settled' }
  /** One DSP less to wait for: nothing, or nothing worth waiting for, will come from it. */
  | { readonly kind: 'not-awaited' }
  /** From a DSP that is not waited for. */
  | { readonly kind: 'replied-unawaited'; readonly reply: DspReply }
  /** Time to ask whether waiting is worth it. `calls`: all that the request waited for. */
  | { readonly kind: 'look'; readonly calls: readonly PendingCall[] }
  | { readonly kind: 'deadline' }
  /** To all that was asked at a time. */
  | { readonly kind: 'estimated'; readonly answers: readonly EstimateAnswer[] }
  | { readonly kind: 'markup'; readonly bidIndex: number; readonly outcome: MarkupOutcome }
  /** To all purchases of the round. `refusals` may also be of bids that did not win. */
  | {
      readonly kind: 'reserved';
      readonly reservations: readonly PurchaseReservation[];
      readonly refusals: readonly PurchaseRefusal[];
    }
  | { readonly kind: 'client-gone' };

export type RequestEffect =
  | { readonly kind: 'solicit' }
  /** Send `look` then; monotonic ms. */
  | { readonly kind: 'look-at'; readonly atMs: number }
  /** Send `estimated` once, within the budget of an estimate. */
  | { readonly kind: 'ask-estimates'; readonly questions: readonly EstimateQuestion[] }
  | { readonly kind: 'fetch-markup'; readonly bidIndex: number; readonly url: string }
  /** Send `reserved`, at once or after a bounded time. */
  | { readonly kind: 'reserve'; readonly purchases: readonly Purchase[] }
  /** They will not be served. */
  | { readonly kind: 'release'; readonly reservations: readonly PurchaseReservation[] }
  | { readonly kind: 'conclude'; readonly conclusion: Conclusion };

export interface Conclusion {
  readonly ending: AuctionEnding;
  /** Null when nobody is there to be answered. */
  readonly answer: BidResponse | null;
  readonly decision: Decision | null;
  /** Bids whose nurl was called for their markup. */
  readonly notified: ReadonlySet<number>;
  /** Of the house wins. */
  readonly reservations: readonly PurchaseReservation[];
  /** One for each win of the decision, in their order. */
  readonly sales: readonly SoldAd[];
}

/** How what was sold is told of later. */
export interface Selling {
  /** Null: not by URLs in its markup. */
  readonly tracker: MarkupTracker | null;
  /** Hash of the user's or device's id; null: none is known. */
  readonly userKey: string | null;
}

const UNTRACKED: Selling = { tracker: null, userKey: null };
const NO_SALES: readonly SoldAd[] = [];

/** Our own campaigns in an auction. */
export interface HouseParticipant {
  /** False: what the user has seen is being asked for. */
  readonly isSettled: boolean;
  /** Those that enter, by what is known now. */
  readonly choose: () => readonly HouseBid[];
}

export interface RequestState {
  readonly request: BidRequest;
  readonly terms: AuctionTerms;
  readonly rules: DecisionRules;
  readonly subject: EstimateSubject;
  /** Null: waits for all, or until the deadline. */
  readonly progressive: ProgressiveClosing | null;
  readonly selling: Selling;
  stage: 'collecting' | 'estimating' | 'fetching-markup' | 'reserving' | 'concluded';
  /** Null: they have entered, or take no part. */
  house: HouseParticipant | null;
  /** DSPs that may still reply, and house bids that may still enter. */
  outstanding: number;
  readonly replies: DspReply[];
  solicitedAtMs: number;
  /** When all was there that it is decided over. */
  closedAtMs: number;
  /** Null while collecting. */
  closing: AuctionClosing | null;
  /** Null until a bid had to be looked at. */
  gathered: GatheredBids | null;
  /** Times that estimates were asked for and have not come. */
  estimatesAwaited: number;
  /** The latest; preliminary while collecting. */
  decision: Decision | null;
  /** Bids have come or changed since: they, and not replies, change a decision. */
  isOutdated: boolean;
  /** Of a decision, kept as long as that is the latest; null until somebody asks. */
  ranked: { readonly decision: Decision; readonly ranking: AuctionRanking } | null;
  /** Winners without `adm` whose markup is being fetched from their nurl. */
  readonly fetching: Set<number>;
  /** What was fetched, by bid index; empty when it could not be had. */
  readonly fetched: Map<number, string>;
  /** Bids whose nurl was called. */
  readonly notified: Set<number>;
  /** How often markup has been asked for: each round takes time that the deadline does not give back. */
  fetchRounds: number;
  reserveRounds: number;
  /** How often winners that no event could bill have stepped back. */
  withholdRounds: number;
  /** Markup of winners of DSPs with its places for tracking URLs, by bid index: cut once. */
  readonly cuts: Map<number, MarkupTemplate>;
  /** Of the house wins, once all of them are reserved. */
  reservations: readonly PurchaseReservation[];
}

export function openRequest(
  request: BidRequest,
  terms: AuctionTerms,
  rules: DecisionRules,
  subject: EstimateSubject,
  dspCount: number,
  progressive: ProgressiveClosing | null = null,
  house: HouseParticipant | null = null,
  selling: Selling = UNTRACKED,
): RequestState {
  return {
    request,
    terms,
    rules,
    subject,
    progressive,
    stage: 'collecting',
    house,
    outstanding: house === null || house.isSettled ? dspCount : dspCount + 1,
    replies: [],
    solicitedAtMs: 0,
    closedAtMs: 0,
    closing: null,
    gathered: null,
    selling,
    estimatesAwaited: 0,
    decision: null,
    isOutdated: true,
    ranked: null,
    fetching: new Set(),
    fetched: new Map(),
    notified: new Set(),
    fetchRounds: 0,
    reserveRounds: 0,
    withholdRounds: 0,
    cuts: new Map(),
    reservations: [],
  };
}

/** A second round serves the runner-up of a bid that forfeited; nobody waits for a third. */
const FETCH_ROUNDS_MAX = 2;
/** Accounts that refuse do so one after the other; then what is left of the house bids steps back together. */
const RESERVE_ROUNDS_MAX = 4;
/** From this round on a DSP whose markup cannot be billed leaves with all its bids: so there are only so many more as DSPs. */
const WITHHOLD_ROUNDS_MAX = 3;

const NOTHING: readonly RequestEffect[] = [];
const NO_BIDS: readonly HouseBid[] = [];
const NOTHING_TO_ASK: readonly EstimateQuestion[] = [];
const SOLICIT: RequestEffect = { kind: 'solicit' };

export function advance(state: RequestState, message: RequestMessage, nowMs: number): readonly RequestEffect[] {
  if (state.stage === 'concluded') return NOTHING;
  switch (message.kind) {
    case 'start': {
      const asked = state.house?.isSettled ? enterHouse(state) : NOTHING;
      return both(asked, state.outstanding === 0 ? close(state, 'all-replied', nowMs) : solicit(state, nowMs));
    }
    case 'replied':
      return both(collect(state, message.reply), oneLess(state, nowMs));
    case 'house-settled':
      return both(state.stage === 'collecting' ? enterHouse(state) : NOTHING, oneLess(state, nowMs));
    case 'not-awaited':
      return oneLess(state, nowMs);
    case 'replied-unawaited':
      return collect(state, message.reply);
    case 'look':
      return state.stage === 'collecting' ? look(state, message.calls, nowMs) : NOTHING;
    case 'deadline':
      return reachDeadline(state, nowMs);
    case 'estimated':
      return receiveEstimates(state, message.answers, nowMs);
    case 'markup':
      return receiveMarkup(state, message.bidIndex, message.outcome);
    case 'reserved':
      return receiveReservations(state, message.reservations, message.refusals);
    case 'client-gone':
      return conclude(state, 'cancelled');
  }
}

function solicit(state: RequestState, nowMs: number): readonly RequestEffect[] {
  const { progressive } = state;
  state.solicitedAtMs = nowMs;
  if (progressive === null) return [SOLICIT];
  const atMs = nowMs + progressive.options.preliminaryMs;
  return atMs < progressive.collectUntilMs ? [SOLICIT, { kind: 'look-at', atMs }] : [SOLICIT];
}

/** Bids whose estimates may have to be waited for are looked at as they come, all others when it is decided. */
function collect(state: RequestState, reply: DspReply): readonly RequestEffect[] {
  if (state.stage !== 'collecting') return NOTHING;
  state.replies.push(reply);
  if (reply.response === null) return NOTHING;
  state.isOutdated = true;
  const { estimates, bidding } = state.rules;
  const isRankedByEstimate = (bidding.get(reply.dspId)?.pricing ?? 'cpm') !== 'cpm';
  return estimates?.mayAsk === true && isRankedByEstimate ? gather(state) : NOTHING;
}

/** Once. */
function enterHouse(state: RequestState): readonly RequestEffect[] {
  const bids = state.house?.choose() ?? NO_BIDS;
  state.house = null;
  if (bids.length === 0) return NOTHING;
  state.gathered = gatherHouseBids(bids, state.rules, state.subject, state.gathered);
  state.isOutdated = true;
  return ask(state);
}

/** Reads the bids that are new, and asks what is to be asked about them. */
function gather(state: RequestState): readonly RequestEffect[] {
  if (state.gathered?.replyCount === state.replies.length) return NOTHING;
  const gathered = gatherBids(state.terms, state.replies, state.rules, state.subject, state.gathered);
  state.gathered = gathered;
  return ask(state);
}

/** About the bids that were gathered last. */
function ask(state: RequestState): readonly RequestEffect[] {
  const questions = state.gathered?.questions ?? NOTHING_TO_ASK;
  if (questions.length === 0) return NOTHING;
  state.estimatesAwaited += 1;
  return [{ kind: 'ask-estimates', questions }];
}

/** Of a decided auction they are of no use any more: its price may have been told. */
function receiveEstimates(
  state: RequestState,
  answers: readonly EstimateAnswer[],
  nowMs: number,
): readonly RequestEffect[] {
  state.estimatesAwaited -= 1;
  if (state.stage !== 'collecting' && state.stage !== 'estimating') return NOTHING;
  state.gathered = withEstimates(state.gathered!, answers);
  state.isOutdated = true;
  return state.stage === 'estimating' && state.estimatesAwaited === 0 ? conclusive(state, nowMs) : NOTHING;
}

/** Almost always nothing is asked, and nothing is to be copied. */
function both(asked: readonly RequestEffect[], then: readonly RequestEffect[]): readonly RequestEffect[] {
  return asked.length === 0 ? then : [...asked, ...then];
}

function oneLess(state: RequestState, nowMs: number): readonly RequestEffect[] {
  state.outstanding -= 1;
  return state.stage === 'collecting' && state.outstanding === 0 ? close(state, 'all-replied', nowMs) : NOTHING;
}

/** The preliminary clearing. Without a call that is known to be out, replies must be on their way: they are let come. */
function look(state: RequestState, calls: readonly PendingCall[], nowMs: number): readonly RequestEffect[] {
  const progressive = state.progressive!;
  if (calls.length === 0) return [{ kind: 'look-at', atMs: nowMs + progressive.options.lookEveryMs }];
  const asked = gather(state);
  const atMs = nextLookAtMs(progressive, calls, rankingFor(state, decide(state)), state.solicitedAtMs, nowMs);
  if (atMs === null) return both(asked, close(state, 'not-worth-waiting', nowMs));
  return atMs < Number.POSITIVE_INFINITY ? both(asked, [{ kind: 'look-at', atMs }]) : asked;
}

function reachDeadline(state: RequestState, nowMs: number): readonly RequestEffect[] {
  if (state.stage === 'collecting') return close(state, 'deadline', nowMs);
  // What users have seen is asked for within a bound of its own, behind the decision.
  if (state.stage === 'reserving') return NOTHING;
  return state.stage === 'estimating' ? conclusive(state, nowMs) : settleWithout(state);
}

/** What is asked at the deadline is not waited for: it serves the next request. */
function close(state: RequestState, closing: AuctionClosing, nowMs: number): readonly RequestEffect[] {
  state.closing = closing;
  const asked = both(enterHouse(state), gather(state));
  if (closing !== 'deadline' && state.estimatesAwaited > 0) {
    state.stage = 'estimating';
    return asked;
  }
  return both(asked, conclusive(state, nowMs));
}

/** All is there, or time is over: the decision is made. */
function conclusive(state: RequestState, nowMs: number): readonly RequestEffect[] {
  state.closedAtMs = nowMs;
  decide(state);
  return settle(state);
}

/** The decision over what has been gathered. A look that finds nothing new costs no clearing. */
function decide(state: RequestState): Decision {
  if (state.decision === null || state.isOutdated) {
    state.decision = clearBids(state.terms, state.gathered!, state.rules);
    state.isOutdated = false;
  }
  return state.decision;
}

/** Of the state's latest decision, in the auction's currency. */
export function rankingFor(state: RequestState, decision: Decision): AuctionRanking {
  if (state.ranked?.decision !== decision) {
    state.ranked = { decision, ranking: rankingOf(decision.input, decision.outcome) };
  }
  return state.ranked.ranking;
}

/** Concludes once every winner has markup; asks for what is missing before, all of it at once. */
function settle(state: RequestState): readonly RequestEffect[] {
  const decision = state.decision!;
  const missing = decision.outcome.wins.filter(({ bidIndex }) => !decision.input.bids[bidIndex]!.hasMarkup);
  if (missing.length === 0) return serve(state);
  if (state.fetchRounds >= FETCH_ROUNDS_MAX) return settleWithout(state);
  state.fetchRounds += 1;
  state.stage = 'fetching-markup';
  return missing.map(({ bidIndex }) => {
    state.fetching.add(bidIndex);
    return { kind: 'fetch-markup', bidIndex, url: markupUrl(state.request, decision, bidIndex) };
  });
}

/** Clears again once all have come: a winner without markup forfeits, and so does one whose markup breaks a rule. */
function receiveMarkup(state: RequestState, bidIndex: number, outcome: MarkupOutcome): readonly RequestEffect[] {
  state.fetching.delete(bidIndex);
  state.fetched.set(bidIndex, outcome.kind === 'fetched' ? outcome.markup : '');
  if (outcome.kind !== 'not-sent') state.notified.add(bidIndex);
  if (state.fetching.size > 0) return NOTHING;
  state.decision = clearWithMarkup(state.decision!, state.fetched);
  return settle(state);
}

/** Out of time or rounds: whoever has no markup by now cannot win. A call under way counts as a notice. */
function settleWithout(state: RequestState): readonly RequestEffect[] {
  for (const bidIndex of state.fetching) state.notified.add(bidIndex);
  for (const { index, hasMarkup } of state.decision!.input.bids) {
    if (!hasMarkup && !state.fetched.has(index)) state.fetched.set(index, '');
  }
  state.decision = clearWithMarkup(state.decision!, state.fetched);
  return serve(state);
}

/** Winners whose rendered markup is out of bounds forfeit one by one; there are no more of them than bids. */
function serve(state: RequestState): readonly RequestEffect[] {
  for (;;) {
    const decision = state.decision!;
    const oversized = oversizedWinner(state.request, decision, state.fetched);
    if (oversized === null) return withhold(state) ? settle(state) : reserve(state);
    state.fetched.set(oversized, '');
    state.decision = clearWithMarkup(decision, state.fetched);
    const isMissing = state.decision.outcome.wins.some(
      ({ bidIndex }) => !state.decision!.input.bids[bidIndex]!.hasMarkup,
    );
    if (isMissing) return settleWithout(state);
  }
}

/** Whether winners that no event could bill had to step back, and the auction was cleared again without them. */
function withhold(state: RequestState): boolean {
  const { tracker } = state.selling;
  if (!state.rules.isBilledByEvents || tracker?.isReady !== true) return false;
  const decision = state.decision!;
  const unbillable = unbillableBids(decision, saleContext(state), state.fetched, tracker, state.cuts);
  if (unbillable.length === 0) return false;
  state.withholdRounds += 1;
  const isOver = state.withholdRounds >= WITHHOLD_ROUNDS_MAX;
  const withheld = isOver ? withOthersOfTheirDsps(decision, unbillable) : unbillable;
  state.decision = clearWithout(decision, new Map(withheld.map((index) => [index, 'untrackable-markup'])));
  return true;
}

/** Concludes unless a house bid has won. */
function reserve(state: RequestState): readonly RequestEffect[] {
  const decision = state.decision!;
  const purchases = purchasesOf(decision);
  if (purchases.length === 0) return conclude(state, decision.outcome.wins.length > 0 ? 'won' : 'no-bid');
  state.stage = 'reserving';
  state.reserveRounds += 1;
  return [{ kind: 'reserve', purchases }];
}

function receiveReservations(
  state: RequestState,
  reservations: readonly PurchaseReservation[],
  refusals: readonly PurchaseRefusal[],
): readonly RequestEffect[] {
  if (refusals.length === 0) {
    state.reservations = reservations;
    return conclude(state, 'won');
  }
  const withheld = new Map(refusals.map(({ bidIndex, reason }) => [bidIndex, reason]));
  if (state.reserveRounds >= RESERVE_ROUNDS_MAX) {
    for (const [bidIndex, { house }] of state.decision!.collected.entries()) {
      if (house !== null && !withheld.has(bidIndex)) withheld.set(bidIndex, 'budget-refused');
    }
  }
  state.decision = clearWithout(state.decision!, withheld);
  return both(reservations.length === 0 ? NOTHING : [{ kind: 'release', reservations }], settle(state));
}

function conclude(state: RequestState, ending: AuctionEnding): readonly RequestEffect[] {
  state.stage = 'concluded';
  const decision = ending === 'cancelled' ? null : state.decision;
  const sales = decision === null ? NO_SALES : salesOf(decision, saleContext(state));
  const conclusion: Conclusion = {
    ending,
    answer: ending === 'cancelled' ? null : answerFor(state, sales),
    decision,
    sales,
    notified: state.notified,
    reservations: state.reservations,
  };
  return [{ kind: 'conclude', conclusion }];
}

function saleContext({ request, subject, reservations, selling }: RequestState): SaleContext {
  return { request, subject, reservations, userKey: selling.userKey };
}

function answerFor(state: RequestState, sales: readonly SoldAd[]): BidResponse {
  const { decision, selling } = state;
  if (decision === null || decision.outcome.wins.length === 0) return noBidAnswer(state.request.id, noBidReason(state));
  const tracking = selling.tracker?.isReady === true ? { tracker: selling.tracker, sales, cuts: state.cuts } : null;
  return auctionAnswer(state.request, decision, state.fetched, tracking);
}

function noBidReason(state: RequestState): NoBidReason {
  const hadNoTime = state.replies.length > 0 && state.replies.every((reply) => reply.detail === 'no-time');
  return hadNoTime ? NoBidReason.InsufficientTime : NoBidReason.NoEligibleBid;
}
