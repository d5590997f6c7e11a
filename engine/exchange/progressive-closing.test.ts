import { expect, test } from 'vitest';
import { converted, rankingOf } from '../dsp/waiting/auction-ranking.ts';
import { createWaitingModel, learnBid, learnLatency } from '../dsp/waiting/waiting-model.ts';
import { WAITING_DEFAULTS } from '../dsp/waiting/waiting-value.ts';
import { bidFeedback, lateBidFeedback, nextLookAtMs, type ProgressiveClosing } from './progressive-closing.ts';
import {
  bidReply,
  buildDecision,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
  noBidReply,
} from './testing/build-exchange.ts';

const REQUEST = buildRequest();
const SOLICITED_AT_MS = 5_000;
const CLOSING: ProgressiveClosing = { options: WAITING_DEFAULTS, rate: 1, collectUntilMs: SOLICITED_AT_MS + 90 };

/** A DSP that always takes 24 ms and bids as much as the best. */
function dear() {
  const model = createWaitingModel();
  for (let call = 0; call < 400; call++) {
    learnLatency(model, 24, true);
    learnBid(model, 3_000_000, 3_000_000);
  }
  return model;
}

const call = (parts = {}) => ({
  model: dear(),
  calledAtMs: SOLICITED_AT_MS,
  deadlineAtMs: SOLICITED_AT_MS + 30,
  isOver: false,
  ...parts,
});
const look = (calls: ReturnType<typeof call>[], closing = CLOSING) => {
  const ranking = rankingFor([bidReply('a', [{ price: 3 }])]);
  return nextLookAtMs(closing, calls, ranking, SOLICITED_AT_MS, SOLICITED_AT_MS + 20);
};

test('looks again while a call is out that is worth waiting for', () => {
  expect(look([call()])).toBe(SOLICITED_AT_MS + 22);
});

test('closes when the calls are over, or are given up before they may be answered', () => {
  expect(look([call({ isOver: true })])).toBeNull();
  expect(look([call({ deadlineAtMs: SOLICITED_AT_MS + 22 })])).toBeNull();
});

test('counts for each call from when it was made', () => {
  const madeAfter = (ms: number) =>
    look([call({ calledAtMs: SOLICITED_AT_MS + ms, deadlineAtMs: SOLICITED_AT_MS + 25 })]);
  expect(madeAfter(0)).toBe(SOLICITED_AT_MS + 22);
  // Its answer is due a millisecond after it is given up.
  expect(madeAfter(2)).toBeNull();
});

test('leaves calls that are about to end to their own timeouts', () => {
  expect(look([call({ deadlineAtMs: SOLICITED_AT_MS + 20 })])).toBe(Number.POSITIVE_INFINITY);
});

test('weighs money of the auction and the cost of waiting in one currency', () => {
  expect(look([call()], { ...CLOSING, rate: 0.001 })).toBeNull();
});

function rankingFor(replies: Parameters<typeof buildDecision>[1]) {
  const { input, outcome } = buildDecision(REQUEST, replies);
  return rankingOf(input, outcome);
}

test('feedback: own best bid and best bid of the others, for answers only', () => {
  const replies = [
    bidReply('a', [{ price: 3 }, { price: 1 }]),
    noBidReply('b', { result: 'timeout' }),
    noBidReply('c'),
    bidReply('d', [{ price: 2 }]),
  ];
  expect(bidFeedback(replies, converted(rankingFor(replies), 2), 20)).toEqual([
    { bidMicros: 6_000_000, bestOtherMicros: 4_000_000 },
    null,
    { bidMicros: 0, bestOtherMicros: 6_000_000 },
    { bidMicros: 4_000_000, bestOtherMicros: 6_000_000 },
  ]);
});

test('feedback on a late answer: its eligible bid against those that were decided', () => {
  const others = rankingFor([bidReply('a', [{ price: 3 }])]);
  const late = (reply: ReturnType<typeof bidReply>) =>
    lateBidFeedback(reply, others, buildTerms(REQUEST), DECISION_RULES, buildSubject(REQUEST), 1);
  expect(late(bidReply('b', [{ price: 4 }]))).toEqual({ bidMicros: 4_000_000, bestOtherMicros: 3_000_000 });
  expect(late(bidReply('b', [{ price: 4, impid: 'unknown' }]))).toEqual({ bidMicros: 0, bestOtherMicros: 3_000_000 });
  expect(late(noBidReply('b'))).toEqual({ bidMicros: 0, bestOtherMicros: 3_000_000 });
});
