/**
 * What calling one DSP is worth, by kind of request, learned from its own answers:
 *
 *   expected value of a call = chance of a bid x expected contribution of the bid to the auction's revenue
 *
 * Both are log-linear in the request's hashed keys (logistic regression for the chance; a log-link with gamma loss for
 * the contribution, so that cheap and dear kinds are learned at the same speed). Steps have a constant size, which is
 * exponential forgetting: what was seen n answers ago counts (1 - step)^n, so drift is followed.
 *
 * Only answers teach. A DSP that times out or fails is the business of breaker and throttle: if its faults were learned
 * as no-bids, it would stay unloved long after it has healed.
 */
import { IMP_KEYS, REQUEST_KEYS } from './shaping-keys.ts';

export interface ShaperOptions {
  /** The table has 2^tableBits keys of 8 bytes each. */
  readonly tableBits: number;
  /** Answers before the shaper has an opinion; until then every call is worth making. */
  readonly warmUpAnswers: number;
  /** How much one answer moves the log-odds of a bid for its kind of request: at 0.7 a dozen answers replace what was known. */
  readonly bidStep: number;
  /** Same for the logarithm of a bid's contribution; contributions vary more than bids, so the step is smaller. */
  readonly contributionStep: number;
  /** How many times the usual step an explored call is worth: it stands for all the calls that were skipped. */
  readonly explorationWeight: number;
}

export const SHAPER_DEFAULTS: ShaperOptions = {
  tableBits: 13,
  warmUpAnswers: 300,
  bidStep: 0.7,
  contributionStep: 0.1,
  explorationWeight: 4,
};

/** Owned by one DSP's actor, who changes it through `learnAnswer` only. */
export interface Shaper {
  readonly options: ShaperOptions;
  /** Two weights per key, side by side: log-odds of a bid, logarithm of its contribution. */
  readonly weights: Float32Array;
  answers: number;
  /** During warm-up; they set the offsets that the weights then correct. */
  warmUpBids: number;
  warmUpContributionMicros: number;
  warmUpRevenueMicros: number;
  bidOffset: number;
  contributionOffset: number;
}

/** What became of one call that the DSP answered. */
export interface AnswerOutcome {
  readonly hasBid: boolean;
  /** Of its bids to the auction's revenue (contribution.ts), CPM micros; null when the bid came too late to take part. */
  readonly contributionMicros: number | null;
  /** Of the auction as a whole, CPM micros. */
  readonly revenueMicros: number;
  /** The call was made to learn, not for its expected value. */
  readonly isExploration: boolean;
}

export function createShaper(options: ShaperOptions = SHAPER_DEFAULTS): Shaper {
  return {
    options,
    weights: new Float32Array(2 << options.tableBits),
    answers: 0,
    warmUpBids: 0,
    warmUpContributionMicros: 0,
    warmUpRevenueMicros: 0,
    bidOffset: 0,
    contributionOffset: 0,
  };
}

/** Expected contribution of a call to the auction's revenue, CPM micros; Infinity before there is an opinion. */
export function expectedValueMicros(shaper: Shaper, keys: Int32Array): number {
  if (shaper.answers < shaper.options.warmUpAnswers) return Infinity;
  const { weights } = shaper;
  const mask = (weights.length >>> 1) - 1;
  let bid = 0;
  let contribution = 0;
  for (let i = 0; i < REQUEST_KEYS; i++) {
    const at = (keys[i]! & mask) << 1;
    bid += weights[at]!;
    contribution += weights[at + 1]!;
  }
  let impBid = 0;
  let impContribution = 0;
  for (let i = REQUEST_KEYS; i < keys.length; i++) {
    const at = (keys[i]! & mask) << 1;
    impBid += weights[at]!;
    impContribution += weights[at + 1]!;
  }
  const share = impShare(keys);
  return (
    bidChance(shaper.bidOffset + bid + impBid * share) *
    bidContribution(shaper.contributionOffset + contribution + impContribution * share)
  );
}

/** Takes in one answer. */
export function learnAnswer(shaper: Shaper, keys: Int32Array, outcome: AnswerOutcome): void {
  shaper.answers += 1;
  if (shaper.answers <= shaper.options.warmUpAnswers) {
    warmUp(shaper, outcome);
    return;
  }
  const { options } = shaper;
  // The answer moves the sum of the weights by the step; every key takes an equal part.
  const effort = (outcome.isExploration ? options.explorationWeight : 1) / KEYS_PER_SUM;
  const logOdds = shaper.bidOffset + weightSum(shaper.weights, keys, 0);
  const bidStep = ((outcome.hasBid ? 1 : 0) - bidChance(logOdds)) * options.bidStep * effort;
  if (isHeeded(bidStep, logOdds, -LOG_ODDS_MAX, LOG_ODDS_MAX)) move(shaper.weights, keys, 0, bidStep);
  if (!outcome.hasBid || outcome.contributionMicros === null) return;
  const logMicros = shaper.contributionOffset + weightSum(shaper.weights, keys, 1);
  const surprise = Math.min(SURPRISE_MAX, outcome.contributionMicros / bidContribution(logMicros) - 1);
  const contributionStep = surprise * options.contributionStep * effort;
  if (isHeeded(contributionStep, logMicros, 0, LOG_MICROS_MAX)) move(shaper.weights, keys, 1, contributionStep);
}

/**
 * Past its bound a sum changes no prediction, but every step outward would have to be taken back before the next change
 * of appetite shows (windup): after a million no-bids a DSP that bids again would stay locked out.
 */
function isHeeded(step: number, sum: number, min: number, max: number): boolean {
  return step < 0 ? sum > min : sum < max;
}

/** Weights that take part in a prediction for one imp. */
const KEYS_PER_SUM = REQUEST_KEYS + IMP_KEYS;

/** One bid that made ten times what was expected may be chance; it counts, but not for all of it. */
const SURPRISE_MAX = 8;

/** e^8: beyond these, sums are what rare keys happen to add up to. */
const LOG_ODDS_MAX = 8;
const LOG_MICROS_MAX = 30;

function warmUp(shaper: Shaper, outcome: AnswerOutcome): void {
  shaper.warmUpRevenueMicros += outcome.revenueMicros;
  if (outcome.hasBid) {
    shaper.warmUpBids += 1;
    shaper.warmUpContributionMicros += outcome.contributionMicros ?? 0;
  }
  const { answers, warmUpBids } = shaper;
  // As if there had been one bid more, worth a whole auction: an optimist learns, a pessimist never finds out.
  const bidShare = (warmUpBids + 1) / (answers + 2);
  const bidMicros = (shaper.warmUpContributionMicros + shaper.warmUpRevenueMicros / answers) / (warmUpBids + 1);
  shaper.bidOffset = Math.log(bidShare / (1 - bidShare));
  shaper.contributionOffset = Math.log(Math.max(1, bidMicros));
}

function weightSum(weights: Float32Array, keys: Int32Array, column: 0 | 1): number {
  const mask = (weights.length >>> 1) - 1;
  let sum = 0;
  for (let i = 0; i < REQUEST_KEYS; i++) sum += weights[((keys[i]! & mask) << 1) + column]!;
  let impSum = 0;
  for (let i = REQUEST_KEYS; i < keys.length; i++) impSum += weights[((keys[i]! & mask) << 1) + column]!;
  return sum + impSum * impShare(keys);
}

function move(weights: Float32Array, keys: Int32Array, column: 0 | 1, step: number): void {
  const mask = (weights.length >>> 1) - 1;
  const impStep = step * impShare(keys);
  for (let i = 0; i < keys.length; i++) {
    const at = ((keys[i]! & mask) << 1) + column;
    weights[at] = weights[at]! + (i < REQUEST_KEYS ? step : impStep);
  }
}

/** Imps speak with one voice, however many they are. */
function impShare(keys: Int32Array): number {
  const impKeys = keys.length - REQUEST_KEYS;
  return impKeys === 0 ? 0 : IMP_KEYS / impKeys;
}

function bidChance(logOdds: number): number {
  return 1 / (1 + Math.exp(-Math.min(LOG_ODDS_MAX, Math.max(-LOG_ODDS_MAX, logOdds))));
}

function bidContribution(logMicros: number): number {
  return Math.exp(Math.min(LOG_MICROS_MAX, Math.max(0, logMicros)));
}
