/**
 * What waiting for one DSP may bring, learned from its calls: when it answers, and how its bids compare with the best bid
 * of the others. Constant memory; every estimate is an average that forgets exponentially.
 */

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
  /** By level: chance that the DSP bids at least `BID_RATIOS[level]` of the best bid that the others had made by then. */
  readonly reaches: Float32Array;
  /** Mean bid, no-bids counting as 0, CPM micros. */
  meanBidMicros: number;
  comparisons: number;
  answers: number;
}

/**
 * Bids as shares of the best bid of the others: fine up to it, since prices rise in there, coarser above. A bid of a hundred
 * times the others' says no more than one of ten times.
 */
export const BID_RATIOS: Float64Array = Float64Array.of(
  ...Array.from({ length: 16 }, (_, level) => level / 16),
  ...[1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3, 4, 5, 7, 10],
);

/**
 * Chance to answer within a millisecond of which nothing is known. High enough to wait and find out: a guess of "never"
 * would close every request before the answers that prove it wrong.
 */
const UNKNOWN_HAZARD = 0.1;

/** The same for bids: until it is known better, a DSP bids more than the best, or so much where there is no best. */
const UNKNOWN_BID_MICROS = 1_000_000;
const UNKNOWN_RATIO = 1.5;

export function createWaitingModel(options: WaitingModelOptions = WAITING_MODEL_DEFAULTS): WaitingModel {
  const model: WaitingModel = {
    options,
    hazards: new Float32Array(options.horizonMs).fill(UNKNOWN_HAZARD),
    atRisk: new Uint32Array(options.horizonMs),
    stillOut: new Float32Array(options.horizonMs + 1).fill(1),
    reaches: Float32Array.from(BID_RATIOS, (ratio) => (ratio <= UNKNOWN_RATIO ? 1 : 0)),
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
 * Takes in one answer, with what it was up against: its best eligible bid (0 = none) and the best that the others had bid
 * when waiting was first questioned (0 = none), both eCPM micros. Answers that came too late teach as well, if they are known.
 */
export function learnBid(model: WaitingModel, bidMicros: number, bestOtherMicros: number): void {
  model.answers += 1;
  const { options, reaches } = model;
  model.meanBidMicros += (bidMicros - model.meanBidMicros) * stepAt(model.answers, options);
  if (bestOtherMicros <= 0) return;
  model.comparisons += 1;
  const step = stepAt(model.comparisons, options);
  const ratio = bidMicros > 0 ? bidMicros / bestOtherMicros : -1;
  for (let level = 0; level < reaches.length; level++) {
    reaches[level] = reaches[level]! + ((ratio >= BID_RATIOS[level]! ? 1 : 0) - reaches[level]!) * step;
  }
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
