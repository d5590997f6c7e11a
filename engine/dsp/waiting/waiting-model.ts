/**
 * What waiting for one DSP may bring, learned from its calls: when it answers, and how its bids compare with the best bid
 * of the others. Constant memory; every estimate is an average that forgets exponentially.
 */
import type { StandingPrice } from './standing-price.ts';

export interface WaitingModelOptions {
  /** Latencies are told apart by the millisecond up to here; what takes longer counts as never, ms. */
  readonly horizonMs: number;
  /** Weight of the newest observation: 1/100 remembers some hundreds of calls. The first ones weigh more, as in a mean. */
  readonly step: number;
}

export const WAITING_MODEL_DEFAULTS: WaitingModelOptions = { horizonMs: 100, step: 0.01 };

/** Owned by one DSP's actor, who changes it through the functions below. */
export interface WaitingModel {
  readonly options: WaitingModelOptions;
  /** By millisecond: chance to answer within it, of the calls still out at its beginning. */
  readonly hazards: Float32Array;
  /** By millisecond: calls seen out at its beginning. */
  readonly atRisk: Uint32Array;
  /** By millisecond: chance to be still out at its beginning. One entry more than `hazards`. */
  readonly stillOut: Float32Array;
  /** By level l: chance that the DSP bids at least l / RATIO_LEVELS of the best bid of the others. */
  readonly reaches: Float32Array;
  /** Mean of what its bids exceed the best bid of the others by, as a share of that; 0 for lower bids and none. */
  meanExcess: number;
  /** Mean bid, no-bids counting as 0, CPM micros. */
  meanBidMicros: number;
  comparisons: number;
  answers: number;
}

/** Levels between nothing and the best bid. */
export const RATIO_LEVELS = 16;

/** A bid a hundred times the others' says no more than one of ten times. */
const EXCESS_MAX = 9;

/**
 * Chance to answer within a millisecond of which nothing is known. High enough to wait and find out: a guess of "never"
 * would close every request before the answers that prove it wrong.
 */
const UNKNOWN_HAZARD = 0.1;

/** The same for bids: until it is known better, a DSP bids as much as the best, or so much where there is no best. */
const UNKNOWN_BID_MICROS = 1_000_000;
const UNKNOWN_REACH = 1;
const UNKNOWN_EXCESS = 0.5;

export function createWaitingModel(options: WaitingModelOptions = WAITING_MODEL_DEFAULTS): WaitingModel {
  const model: WaitingModel = {
    options,
    hazards: new Float32Array(options.horizonMs).fill(UNKNOWN_HAZARD),
    atRisk: new Uint32Array(options.horizonMs),
    stillOut: new Float32Array(options.horizonMs + 1).fill(1),
    reaches: new Float32Array(RATIO_LEVELS + 1).fill(UNKNOWN_REACH),
    meanExcess: UNKNOWN_EXCESS,
    meanBidMicros: UNKNOWN_BID_MICROS,
    comparisons: 0,
    answers: 0,
  };
  updateStillOut(model);
  return model;
}

/**
 * Takes in how long a call took. `isAnswered` false: nothing had come when the request closed after `elapsedMs`, which
 * says something about the time before, and nothing about later (right-censored; Kaplan and Meier 1958).
 */
export function learnLatency(model: WaitingModel, elapsedMs: number, isAnswered: boolean): void {
  const { options } = model;
  const end = Math.min(options.horizonMs, Math.max(0, Math.floor(elapsedMs)));
  for (let ms = 0; ms < end; ms++) moveHazard(model, ms, 0);
  if (isAnswered && end < options.horizonMs) moveHazard(model, end, 1);
  updateStillOut(model);
}

function moveHazard({ hazards, atRisk, options }: WaitingModel, ms: number, isAnswered: 0 | 1): void {
  const seen = atRisk[ms]! + 1;
  atRisk[ms] = seen;
  hazards[ms] = hazards[ms]! + (isAnswered - hazards[ms]!) * stepAt(seen, options);
}

/** What was believed in the beginning counts as one observation. */
function stepAt(observations: number, options: WaitingModelOptions): number {
  return Math.max(options.step, 1 / (observations + 1));
}

function updateStillOut({ hazards, stillOut }: WaitingModel): void {
  for (let ms = 0; ms < hazards.length; ms++) stillOut[ms + 1] = stillOut[ms]! * (1 - hazards[ms]!);
}

/**
 * Takes in one answer, with what it was up against: its best eligible bid (0 = none) and the best of the others in the
 * same auction (0 = none), both eCPM micros. Answers that came too late teach as well, if they are known.
 */
export function learnBid(model: WaitingModel, bidMicros: number, bestOtherMicros: number): void {
  model.answers += 1;
  const { options, reaches } = model;
  model.meanBidMicros += (bidMicros - model.meanBidMicros) * stepAt(model.answers, options);
  if (bestOtherMicros <= 0) return;
  model.comparisons += 1;
  const step = stepAt(model.comparisons, options);
  const ratio = bidMicros / bestOtherMicros;
  const reached = bidMicros > 0 ? Math.floor(ratio * RATIO_LEVELS) : -1;
  for (let level = 0; level <= RATIO_LEVELS; level++) {
    reaches[level] = reaches[level]! + ((level <= reached ? 1 : 0) - reaches[level]!) * step;
  }
  model.meanExcess += (Math.min(EXCESS_MAX, Math.max(0, ratio - 1)) - model.meanExcess) * step;
}

/** Chance that a call still out after `elapsedMs` is answered by `untilMs`, both counted from the call. */
export function answerChance(model: WaitingModel, elapsedMs: number, untilMs: number): number {
  const now = outChance(model, elapsedMs);
  return now <= 0 ? 0 : 1 - outChance(model, untilMs) / now;
}

/** Chance that a call is still out `elapsedMs` after it was made. Between two milliseconds it falls on a straight line. */
function outChance({ stillOut, options }: WaitingModel, elapsedMs: number): number {
  if (elapsedMs <= 0) return 1;
  if (elapsedMs >= options.horizonMs) return stillOut[options.horizonMs]!;
  const whole = Math.floor(elapsedMs);
  return stillOut[whole]! + (stillOut[whole + 1]! - stillOut[whole]!) * (elapsedMs - whole);
}

/**
 * Expected rise of the revenue when this DSP answers, eCPM micros. In second price a bid b lifts the price p to
 * min(b, best): E = best x integral of P(b / best > r) dr from p / best to 1. In first price it is E[(b - best)+].
 * Without any bid yet, the first one is what there is to gain, and counts in full.
 */
export function expectedGain(model: WaitingModel, standing: StandingPrice): number {
  const { bestMicros, priceMicros, isFirstPrice } = standing;
  if (bestMicros <= 0) return model.meanBidMicros;
  if (isFirstPrice) return model.meanExcess * bestMicros;
  const from = Math.min(1, priceMicros / bestMicros) * RATIO_LEVELS;
  const first = Math.floor(from);
  if (first >= RATIO_LEVELS) return 0;
  const { reaches } = model;
  let sum = between(reaches, first) * (first + 1 - from);
  for (let level = first + 1; level < RATIO_LEVELS; level++) sum += between(reaches, level);
  return (sum / RATIO_LEVELS) * bestMicros;
}

function between(reaches: Float32Array, level: number): number {
  return (reaches[level]! + reaches[level + 1]!) / 2;
}
