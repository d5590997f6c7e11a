/**
 * The progressive auction's rule: after the preliminary mark a request stays open only as long as waiting is worth it.
 *
 *   worth of waiting until t = sum over the DSPs still out of (chance to answer by t) x (expected gain) - cost per ms x wait
 *
 * The request closes when no t up to the deadline is worth more than closing now. Gains of several DSPs are added as if
 * each came alone, which is a little too much when several may come: the rule errs on the side of waiting.
 */
import type { StandingPrice } from './standing-price.ts';
import { answerChance, expectedGain, type WaitingModel } from './waiting-model.ts';

export interface WaitingOptions {
  /** When the auction is first cleared and waiting is first questioned, ms after the calls went out. */
  readonly preliminaryMs: number;
  /** What a millisecond of delay costs, eCPM micros: price x the share of it that a slower answer loses. */
  readonly costMicrosPerMs: number;
  /** While waiting, the question is asked again after this time: answers may have made waiting pointless, ms. */
  readonly lookEveryMs: number;
}

export const WAITING_DEFAULTS: WaitingOptions = {
  preliminaryMs: 20,
  // Twenty ms cost 2.7% of a price of 3.7 per mille; at twice that, revenue falls by more than half a percent.
  costMicrosPerMs: 5_000,
  lookEveryMs: 2,
};

/** A call that may still be answered. */
export interface OutstandingCall {
  readonly model: WaitingModel;
  /** Since it was made, ms. */
  readonly outMs: number;
  /** When it is given up, ms after the calls went out: nothing is to be had from it later. */
  readonly untilMs: number;
}

export type WaitingDecision =
  | { readonly kind: 'close' }
  /** Ask again then, or when the last DSP has answered; ms after the calls went out. */
  | { readonly kind: 'wait'; readonly untilMs: number };

const CLOSE: WaitingDecision = { kind: 'close' };

/** `outstanding`: called and not yet answered. Times in ms after the calls went out. */
export function waitingValue(
  outstanding: readonly OutstandingCall[],
  standing: StandingPrice,
  elapsedMs: number,
  deadlineMs: number,
  options: WaitingOptions,
): WaitingDecision {
  if (outstanding.length === 0 || elapsedMs >= deadlineMs) return CLOSE;
  if (elapsedMs < options.preliminaryMs) return { kind: 'wait', untilMs: Math.min(options.preliminaryMs, deadlineMs) };
  const endMs = Math.min(deadlineMs, lastMs(outstanding));
  if (elapsedMs >= endMs) return CLOSE;
  const bestMs = bestMoment(outstanding, standing, elapsedMs, endMs, options.costMicrosPerMs);
  if (bestMs <= elapsedMs) return CLOSE;
  return { kind: 'wait', untilMs: Math.min(bestMs, elapsedMs + options.lookEveryMs) };
}

function lastMs(outstanding: readonly OutstandingCall[]): number {
  let last = 0;
  for (const { untilMs } of outstanding) last = Math.max(last, untilMs);
  return last;
}

/** The moment up to which waiting is worth most, in whole steps of a millisecond; `elapsedMs` when none is. */
function bestMoment(
  outstanding: readonly OutstandingCall[],
  standing: StandingPrice,
  elapsedMs: number,
  deadlineMs: number,
  costMicrosPerMs: number,
): number {
  const steps = Math.ceil(deadlineMs - elapsedMs);
  const worth = new Float64Array(steps + 1);
  for (const { model, outMs, untilMs } of outstanding) {
    const gain = expectedGain(model, standing);
    const leftMs = Math.min(deadlineMs, untilMs) - elapsedMs;
    if (gain <= 0 || leftMs <= 0) continue;
    for (let step = 1; step <= steps; step++) {
      worth[step] = worth[step]! + gain * answerChance(model, outMs, outMs + Math.min(leftMs, step));
    }
  }
  let best = 0;
  let bestWorth = 0;
  for (let step = 1; step <= steps; step++) {
    const net = worth[step]! - costMicrosPerMs * step;
    if (net > bestWorth) {
      best = step;
      bestWorth = net;
    }
  }
  return Math.min(deadlineMs, elapsedMs + best);
}
