/**
 * What the answers that may still come are worth together. They are not added one by one: in second price two bids above the
 * best one raise the price to the lower of them, while either alone leaves it where it is.
 *
 * With N(x) the number of answers that come and bid at least x, independent of each other, B the best bid so far and p the price:
 *
 *   second price   E[rise] = integral of P(N(x) >= 1) from p to B  +  integral of P(N(x) >= 2) above B
 *   first price    E[rise] = integral of P(N(x) >= 1) above B
 */
import type { StandingPrice } from './standing-price.ts';
import { BID_RATIOS, type WaitingModel } from './waiting-model.ts';

/**
 * Share of what the best bid rises by that counts as gained in second price, though nobody pays it today: a buyer who is
 * not waited for learns that bidding more wins nothing, and bids elsewhere.
 */
export const SURPLUS_SHARE = 0.1;

/** A DSP still out, and the chance that it answers in the time looked at. */
export interface PossibleAnswer {
  readonly model: WaitingModel;
  chance: number;
}

/** By level of `BID_RATIOS`: chance that at least one, and at least two, of the answers bid as much. */
const oneReaches = new Float64Array(BID_RATIOS.length);
const twoReach = new Float64Array(BID_RATIOS.length);

/** eCPM micros. Without any bid yet a first one is what there is to gain, and counts in full. */
export function expectedGain(answers: readonly PossibleAnswer[], standing: StandingPrice): number {
  const { bestMicros, priceMicros, isFirstPrice } = standing;
  if (bestMicros <= 0) return firstBids(answers);
  for (let level = 0; level < BID_RATIOS.length; level++) fillChances(answers, level);
  const priceRatio = Math.min(1, priceMicros / bestMicros);
  const share = isFirstPrice ? 1 : SURPLUS_SHARE;
  let sum = 0;
  for (let level = 1; level < BID_RATIOS.length; level++) {
    const from = Math.max(BID_RATIOS[level - 1]!, priceRatio);
    const width = BID_RATIOS[level]! - from;
    if (width <= 0) continue;
    const one = width * middle(oneReaches, level);
    if (from < 1) sum += one;
    else sum += one * share + (isFirstPrice ? 0 : width * middle(twoReach, level));
  }
  return sum * bestMicros;
}

function firstBids(answers: readonly PossibleAnswer[]): number {
  let sum = 0;
  for (const { model, chance } of answers) sum += chance * model.meanBidMicros;
  return sum;
}

function fillChances(answers: readonly PossibleAnswer[], level: number): void {
  let none = 1;
  let exactlyOne = 0;
  for (const { model, chance } of answers) {
    const reaches = chance * model.reaches[level]!;
    exactlyOne = exactlyOne * (1 - reaches) + none * reaches;
    none *= 1 - reaches;
  }
  oneReaches[level] = 1 - none;
  twoReach[level] = Math.max(0, 1 - none - exactlyOne);
}

/** Between two levels chances fall on a straight line. */
function middle(chances: Float64Array, level: number): number {
  return (chances[level - 1]! + chances[level]!) / 2;
}
