/** When a request stops waiting for the DSPs still out, and what its end teaches about them (docs/waiting.md). */

import type { DspReply } from '../dsp/reply.ts';
import { type AuctionRanking, rankingOf } from '../dsp/waiting/auction-ranking.ts';
import { bestOtherMicros, ownMicros, type StandingPrice, standingPrice } from '../dsp/waiting/standing-price.ts';
import type { WaitingModel } from '../dsp/waiting/waiting-model.ts';
import {
  type OutstandingCall,
  type WaitingDecision,
  type WaitingOptions,
  waitingValue,
} from '../dsp/waiting/waiting-value.ts';
import type { EstimateSubject } from '../estimation/click-estimates.ts';
import type { AuctionTerms } from './auction-terms.ts';
import { type DecisionRules, decideAuction } from './decision.ts';

/** One request's terms for waiting. Times are monotonic ms. */
export interface ProgressiveClosing {
  readonly options: WaitingOptions;
  /** Units of the exchange currency, in which waiting costs and DSPs are known, per unit of the auction's. */
  readonly rate: number;
  /** By then all replies must have come. */
  readonly collectUntilMs: number;
}

/** A call of the fan-out as the request sees it; `isOver` changes when its reply is on the way. */
export interface PendingCall {
  readonly model: WaitingModel;
  /** Monotonic ms. */
  readonly calledAtMs: number;
  /** When it times out, monotonic ms. */
  readonly deadlineAtMs: number;
  readonly isOver: boolean;
}

/** What one answer was worth and what it was up against, eCPM micros in the exchange currency. */
export interface BidFeedback {
  readonly bidMicros: number;
  readonly bestOtherMicros: number;
}

/**
 * Monotonic ms of the next look, or null: close now. Infinity: none, since the calls end by themselves before it. `ranking`:
 * of the decision over the replies that have come by `nowMs`, in the auction's currency.
 */
export function nextLookAtMs(
  closing: ProgressiveClosing,
  calls: readonly PendingCall[],
  ranking: AuctionRanking,
  solicitedAtMs: number,
  nowMs: number,
): number | null {
  const outstanding: OutstandingCall[] = [];
  let endAtMs = 0;
  for (const { model, calledAtMs, deadlineAtMs, isOver } of calls) {
    if (isOver) continue;
    outstanding.push({ model, outMs: nowMs - calledAtMs, untilMs: deadlineAtMs - solicitedAtMs });
    endAtMs = Math.max(endAtMs, deadlineAtMs);
  }
  if (outstanding.length > 0 && nowMs >= endAtMs) return Number.POSITIVE_INFINITY;
  const waiting: WaitingDecision = waitingValue(
    outstanding,
    inExchangeCurrency(standingPrice(ranking), closing.rate),
    nowMs - solicitedAtMs,
    closing.collectUntilMs - solicitedAtMs,
    closing.options,
  );
  if (waiting.kind === 'close') return null;
  const atMs = solicitedAtMs + waiting.untilMs;
  return atMs < endAtMs ? atMs : Number.POSITIVE_INFINITY;
}

function inExchangeCurrency({ isFirstPrice, bestMicros, priceMicros }: StandingPrice, rate: number): StandingPrice {
  return { isFirstPrice, bestMicros: bestMicros * rate, priceMicros: priceMicros * rate };
}

/** Whether the reply says what the DSP bids: it had its say, and did not fail. */
export function isAnswer({ result }: DspReply): boolean {
  return result === 'bid' || result === 'no-bid';
}

/**
 * Of every answer that took part in the decision, by its place in `replies`; null for what is no answer. `preliminaryMs`: when
 * waiting is first questioned.
 */
export function bidFeedback(
  replies: readonly DspReply[],
  ranking: AuctionRanking,
  preliminaryMs: number,
): readonly (BidFeedback | null)[] {
  const isEarly = earlyAmong(replies, preliminaryMs);
  return replies.map((reply) => {
    if (!isAnswer(reply)) return null;
    const { dspId } = reply;
    return { bidMicros: ownMicros(ranking, dspId), bestOtherMicros: bestOtherMicros(ranking, dspId, isEarly) };
  });
}

/** Whether a DSP had answered when waiting was first questioned. */
function earlyAmong(replies: readonly DspReply[], preliminaryMs: number): (dspId: string) => boolean {
  const late = new Set<string>();
  for (const { dspId, latencyMs } of replies) if (latencyMs > preliminaryMs) late.add(dspId);
  return (dspId) => !late.has(dspId);
}

/**
 * Of an answer that came when the auction was decided, `others`. Without it, whoever is always late would never be
 * waited for. `rate`: to the currency of `others`.
 */
export function lateBidFeedback(
  reply: DspReply,
  others: AuctionRanking,
  terms: AuctionTerms,
  rules: DecisionRules,
  subject: EstimateSubject,
  rate: number,
): BidFeedback {
  const { dspId } = reply;
  const bestOther = bestOtherMicros(others, dspId);
  if (reply.response === null) return { bidMicros: 0, bestOtherMicros: bestOther };
  const alone = decideAuction(terms, [reply], rules, subject);
  return { bidMicros: ownMicros(rankingOf(alone.input, alone.outcome), dspId) * rate, bestOtherMicros: bestOther };
}
