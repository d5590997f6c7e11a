/**
 * Who waits for estimates, each until all of its questions are answered or until it waits no longer. Not part of an actor's
 * state: askers are answered even when that is lost.
 */
import type { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import type { EstimateObserver, FallbackCause } from '../engine/estimation/estimate-observer.ts';
import type { Estimate, EstimateAnswer, EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';

/** `miss`: for an auction; `warm-up`: to have it, which is no estimate to be counted. */
export type AskingReason = 'miss' | 'warm-up';

/** All that is asked at a time by one. */
export interface Asking {
  readonly questions: readonly EstimateQuestion[];
  readonly reason: AskingReason;
  readonly answers: EstimateAnswer[];
  readonly hasAnswer: boolean[];
  readonly onAnswers: (answers: readonly EstimateAnswer[]) => void;
  /** Ends the waiting. */
  timer: TimerHandle;
  isOver: boolean;
}

/** For one of the questions. */
export interface Waiter {
  readonly asking: Asking;
  readonly place: number;
}

/** A cause when the model has no estimate, now or for this row. */
export type Outcome = Estimate | FallbackCause;

export interface EstimateAskingsOptions {
  readonly cached: CachedEstimates;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observer: EstimateObserver;
}

export class EstimateAskings {
  readonly #options: EstimateAskingsOptions;
  readonly #open = new Set<Asking>();

  constructor(options: EstimateAskingsOptions) {
    this.#options = options;
  }

  open(questions: readonly EstimateQuestion[], reason: AskingReason, onAnswers: Asking['onAnswers']): Asking {
    const hasAnswer = new Array<boolean>(questions.length).fill(false);
    const asking: Asking = { questions, reason, answers: [], hasAnswer, onAnswers, timer: null, isOver: false };
    this.#open.add(asking);
    return asking;
  }

  answer({ asking, place }: Waiter, outcome: Outcome, nowMs: number): void {
    if (asking.isOver || asking.hasAnswer[place] === true) return;
    this.#settle(asking, place, outcome, nowMs);
    if (asking.answers.length === asking.questions.length) this.#close(asking);
  }

  /** What has no answer yet gets what there is without the model. */
  finish(asking: Asking, cause: FallbackCause): void {
    if (asking.isOver) return;
    const nowMs = this.#options.clock.monotonicMs();
    for (let place = 0; place < asking.questions.length; place++) {
      if (asking.hasAnswer[place] !== true) this.#settle(asking, place, cause, nowMs);
    }
    this.#close(asking);
  }

  finishAll(cause: FallbackCause): void {
    for (const asking of [...this.#open]) this.finish(asking, cause);
  }

  #settle(asking: Asking, place: number, outcome: Outcome, nowMs: number): void {
    const { cached, observer } = this.#options;
    const question = asking.questions[place]!;
    const hasEstimate = typeof outcome !== 'string';
    const { value, source, model } = hasEstimate ? outcome : cached.withoutModel(question, nowMs);
    asking.hasAnswer[place] = true;
    asking.answers.push({ index: question.index, value, source, model });
    if (asking.reason === 'warm-up') return;
    observer.onEstimate(source);
    if (source === 'fallback' && !hasEstimate) observer.onFallback(outcome);
  }

  #close(asking: Asking): void {
    asking.isOver = true;
    this.#options.timers.cancel(asking.timer);
    this.#open.delete(asking);
    asking.onAnswers(asking.answers);
  }
}
