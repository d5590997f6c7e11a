/**
 * The progressive auction's rule: after the preliminary mark a request stays open only as long as waiting is worth it.
 *
 *   worth of waiting until t = expected gain of the answers that come by t (`expected-gain.ts`) - cost per ms x wait
 *
 * The request closes when no t up to the deadline is worth more than closing now.
 */
import { expectedGain, type PossibleAnswer } from './expected-gain.ts';
import type { StandingPrice } from './standing-price.ts';
import { answerChance, type WaitingModel } from './waiting-model.ts';

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

/** From one moment that is weighed to the next: a millisecond, later a half more, so that a far deadline costs little more. */
const nextWaitMs = (waitMs: number): number => Math.max(waitMs + 1, waitMs * 1.5);

/** The moment up to which waiting is worth most; `elapsedMs` when none is. */
function bestMoment(
  outstanding: readonly OutstandingCall[],
  standing: StandingPrice,
  elapsedMs: number,
  endMs: number,
  costMicrosPerMs: number,
): number {
  const possible: PossibleAnswer[] = outstanding.map(({ model }) => ({ model, chance: 0 }));
  const longestMs = endMs - elapsedMs;
  let bestMs = elapsedMs;
  let bestWorth = 0;
  for (let waitMs = 0; waitMs < longestMs; ) {
    waitMs = Math.min(longestMs, nextWaitMs(waitMs));
    for (let i = 0; i < outstanding.length; i++) possible[i]!.chance = chanceWithin(outstanding[i]!, elapsedMs, waitMs);
    const worth = expectedGain(possible, standing) - costMicrosPerMs * waitMs;
    if (worth > bestWorth) {
      bestMs = elapsedMs + waitMs;
      bestWorth = worth;
    }
  }
  return Math.min(endMs, bestMs);
}

function chanceWithin({ model, outMs, untilMs }: OutstandingCall, elapsedMs: number, waitMs: number): number {
  const leftMs = Math.min(untilMs - elapsedMs, waitMs);
  return leftMs <= 0 ? 0 : answerChance(model, outMs, outMs + leftMs);
}
