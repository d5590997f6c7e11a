/**
 * The life of one ad request as a pure state machine:
 *
 *   collecting --(all replied | deadline)--> [fetching markup] --> concluded
 *        \--------(client gone)-----------------------/
 *
 * `advance` gets a message and the time and gives the effects to perform; the request actor performs them.
 */

import { NoBidReason } from '../../openrtb/codes.ts';
import type { BidRequest, BidResponse } from '../../openrtb/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import type { MarkupOutcome } from '../ports/markup-fetcher.ts';
import { auctionAnswer, noBidAnswer, oversizedWinner } from './answer.ts';
import type { AuctionEnding } from './auction-event.ts';
import type { AuctionTerms } from './auction-terms.ts';
import { clearWithMarkup, type Decision, type DecisionRules, decideAuction } from './decision.ts';
import { markupUrl } from './notices.ts';

export type RequestMessage =
  | { readonly kind: 'start' }
  | { readonly kind: 'replied'; readonly reply: DspReply }
  /** One DSP less to wait for: nothing, or nothing worth waiting for, will come from it. */
  | { readonly kind: 'not-awaited' }
  /** From a DSP that is not waited for. */
  | { readonly kind: 'replied-unawaited'; readonly reply: DspReply }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'markup'; readonly bidIndex: number; readonly outcome: MarkupOutcome }
  | { readonly kind: 'client-gone' };

export type RequestEffect =
  | { readonly kind: 'solicit' }
  | { readonly kind: 'fetch-markup'; readonly bidIndex: number; readonly url: string }
  | { readonly kind: 'conclude'; readonly conclusion: Conclusion };

export interface Conclusion {
  readonly ending: AuctionEnding;
  /** Null when nobody is there to be answered. */
  readonly answer: BidResponse | null;
  readonly decision: Decision | null;
  /** Bids whose nurl was called for their markup. */
  readonly notified: ReadonlySet<number>;
}

export interface RequestState {
  readonly request: BidRequest;
  readonly terms: AuctionTerms;
  readonly rules: DecisionRules;
  stage: 'collecting' | 'fetching-markup' | 'concluded';
  /** DSPs that may still reply. */
  outstanding: number;
  readonly replies: DspReply[];
  closedAtMs: number;
  decision: Decision | null;
  /** Winners without `adm` whose markup is being fetched from their nurl. */
  readonly fetching: Set<number>;
  /** What was fetched, by bid index; empty when it could not be had. */
  readonly fetched: Map<number, string>;
  /** Bids whose nurl was called. */
  readonly notified: Set<number>;
  /** How often markup has been asked for: each round takes time that the deadline does not give back. */
  fetchRounds: number;
}

export function openRequest(
  request: BidRequest,
  terms: AuctionTerms,
  rules: DecisionRules,
  dspCount: number,
): RequestState {
  return {
    request,
    terms,
    rules,
    stage: 'collecting',
    outstanding: dspCount,
    replies: [],
    closedAtMs: 0,
    decision: null,
    fetching: new Set(),
    fetched: new Map(),
    notified: new Set(),
    fetchRounds: 0,
  };
}

/** A second round serves the runner-up of a bid that forfeited; nobody waits for a third. */
const FETCH_ROUNDS_MAX = 2;

const NOTHING: readonly RequestEffect[] = [];
const SOLICIT: readonly RequestEffect[] = [{ kind: 'solicit' }];

export function advance(state: RequestState, message: RequestMessage, nowMs: number): readonly RequestEffect[] {
  if (state.stage === 'concluded') return NOTHING;
  switch (message.kind) {
    case 'start':
      return state.outstanding === 0 ? close(state, nowMs) : SOLICIT;
    case 'replied':
      if (state.stage === 'collecting') state.replies.push(message.reply);
      return oneLess(state, nowMs);
    case 'not-awaited':
      return oneLess(state, nowMs);
    case 'replied-unawaited':
      if (state.stage === 'collecting') state.replies.push(message.reply);
      return NOTHING;
    case 'deadline':
      return state.stage === 'collecting' ? close(state, nowMs) : settleWithout(state);
    case 'markup':
      return receiveMarkup(state, message.bidIndex, message.outcome);
    case 'client-gone':
      return conclude(state, 'cancelled');
  }
}

function oneLess(state: RequestState, nowMs: number): readonly RequestEffect[] {
  state.outstanding -= 1;
  return state.stage === 'collecting' && state.outstanding === 0 ? close(state, nowMs) : NOTHING;
}

function close(state: RequestState, nowMs: number): readonly RequestEffect[] {
  state.closedAtMs = nowMs;
  state.decision = decideAuction(state.terms, state.replies, state.rules);
  return settle(state);
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
    if (oversized === null) return conclude(state, decision.outcome.wins.length > 0 ? 'won' : 'no-bid');
    state.fetched.set(oversized, '');
    state.decision = clearWithMarkup(decision, state.fetched);
    const isMissing = state.decision.outcome.wins.some(
      ({ bidIndex }) => !state.decision!.input.bids[bidIndex]!.hasMarkup,
    );
    if (isMissing) return settleWithout(state);
  }
}

function conclude(state: RequestState, ending: AuctionEnding): readonly RequestEffect[] {
  state.stage = 'concluded';
  const wasCancelled = ending === 'cancelled';
  const conclusion: Conclusion = {
    ending,
    answer: wasCancelled ? null : answerFor(state),
    decision: wasCancelled ? null : state.decision,
    notified: state.notified,
  };
  return [{ kind: 'conclude', conclusion }];
}

function answerFor(state: RequestState): BidResponse {
  const { decision } = state;
  if (decision === null || decision.outcome.wins.length === 0) return noBidAnswer(state.request.id, noBidReason(state));
  return auctionAnswer(state.request, decision, state.fetched);
}

function noBidReason(state: RequestState): NoBidReason {
  const hadNoTime = state.replies.length > 0 && state.replies.every((reply) => reply.detail === 'no-time');
  return hadNoTime ? NoBidReason.InsufficientTime : NoBidReason.NoEligibleBid;
}
