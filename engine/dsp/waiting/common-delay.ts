/**
 * What delays all answers of an auction alike: our own loop, the network, a machine out of breath. The models know each
 * DSP by itself and on ordinary days; under a common delay they would take all that is out for stragglers, of whom little
 * is to be expected, and the request would close over the few answers that came, just when the others are on their way.
 */
import { outChance, type WaitingModel } from './waiting-model.ts';

/** A call that was waited for, answered or not. */
export interface AwaitedCall {
  readonly model: WaitingModel;
  /** Since it was made, ms. */
  readonly elapsedMs: number;
  /** Answered, failed or given up. */
  readonly isOver: boolean;
}

/** More calls out than expected by so many standard deviations, and one straggler, have a common cause. */
const DEVIATIONS = 2;
const STRAGGLERS = 1;

/**
 * The least delay, in whole ms, that explains why so many calls are out: 0 on ordinary days, the longest call's age when
 * none explains it.
 */
export function commonDelayMs(calls: readonly AwaitedCall[]): number {
  let out = 0;
  let oldestMs = 0;
  for (const { isOver, elapsedMs } of calls) {
    if (!isOver) out += 1;
    oldestMs = Math.max(oldestMs, elapsedMs);
  }
  let delayMs = 0;
  while (delayMs < oldestMs && out > usuallyOut(calls, delayMs)) delayMs += 1;
  return delayMs;
}

/** So many calls may be out, without anything unusual, when all answers come `delayMs` later than the models say. */
function usuallyOut(calls: readonly AwaitedCall[], delayMs: number): number {
  let mean = 0;
  let variance = 0;
  for (const { model, elapsedMs } of calls) {
    const chance = outChance(model, elapsedMs - delayMs);
    mean += chance;
    variance += chance * (1 - chance);
  }
  return mean + DEVIATIONS * Math.sqrt(variance) + STRAGGLERS;
}
