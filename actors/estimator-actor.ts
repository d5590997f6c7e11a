/**
 * Owns what is asked of a remote model: the flights under way, who waits for them, and the way of a question through the
 * shared cache, the lock between processes and the model. Request actors read what is known at once
 * (`CachedEstimates.estimateNow`) and mail only what is missing.
 *
 * A question outlives its askers: they are answered at their deadline with what there is, and the prediction that comes
 * later serves the next. Overflow policy `refuse-newest`: who cannot ask is answered at once in the same way.
 */

import { AnswerTimes } from '../engine/estimation/answer-times.ts';
import type { Horizon, HorizonOptions } from '../engine/estimation/cache/horizons.ts';
import { SingleFlight, type SingleFlightOptions } from '../engine/estimation/cache/single-flight.ts';
import type { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import type { EstimateBatch } from '../engine/estimation/estimate-batch.ts';
import type { EstimateObserver, FallbackCause, LookupResult } from '../engine/estimation/estimate-observer.ts';
import type { Estimate, EstimateAnswer, EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { PredictionCache, SharedPrediction } from '../engine/ports/prediction-cache.ts';
import type { InferenceFailure, InferenceResult, RemoteModel } from '../engine/ports/remote-model.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import { type Asking, type AskingReason, EstimateAskings, type Outcome, type Waiter } from './estimate-askings.ts';
import { LaterLooks } from './later-looks.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import { SharedTier } from './shared-tier.ts';
import type { Supervisor } from './supervision.ts';

/** Why the model is asked; `refresh`: nobody waits for it. */
export type QuestionReason = AskingReason | 'refresh';

export interface EstimatorObserver extends EstimateObserver {
  /** Of each estimate in this process; of each question that went on to the shared cache there. */
  readonly onLookup: (tier: 'l1' | 'l2', result: LookupResult) => void;
  readonly onModelAsked: (reason: QuestionReason) => void;
  readonly onModelFailed: (reason: InferenceFailure) => void;
  /** A question joined one that is under way. */
  readonly onJoined: () => void;
  /** The shared cache failed or did not answer in time; the question went on without. */
  readonly onSharedCacheFailed: (error: unknown) => void;
  /** Mail was refused, or the table of flights is full. */
  readonly onRefused: () => void;
}

export interface EstimatorActorOptions {
  readonly cached: CachedEstimates;
  readonly model: RemoteModel;
  /** Null: this process keeps its predictions for itself. */
  readonly shared: PredictionCache | null;
  readonly horizons: HorizonOptions;
  readonly flights: SingleFlightOptions;
  /** A model call is given up after this, ms: much later than its askers, since its answer serves others. */
  readonly inferenceMsMax: number;
  /** After how long a process that is not the one to ask first looks for the answer of the one that is, ms. */
  readonly lockPollMs: number;
  /** How little service the process gives: from 1 on predictions past their time will do, at 2 no model is asked. */
  readonly degradeLevel: () => DegradeLevel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly supervisor: Supervisor;
  readonly observer: EstimatorObserver;
}

export interface EstimatorActor {
  /** Fills in the batch from what is known here, at once, and gives what is worth asking; the batch is free for reuse. */
  readonly estimateNow: (batch: EstimateBatch) => readonly EstimateQuestion[];
  /**
   * `onAnswers` is called exactly once, not before returning, with an answer to each question: when the last one is known,
   * or at `deadlineAtMs` (monotonic).
   */
  readonly ask: (
    questions: readonly EstimateQuestion[],
    deadlineAtMs: number,
    onAnswers: (answers: readonly EstimateAnswer[]) => void,
  ) => void;
  /** As `ask`, before the first requests: any prediction that stands in for them will do, and no estimate is counted. */
  readonly warmUp: EstimatorActor['ask'];
  /** See `tagOf`: here at once. Resolves when other processes know it, by the shared cache; rejects when they may not. */
  readonly invalidate: (tag: number) => Promise<void>;
  /** Keys under way. */
  readonly flightCount: () => number;
  /** The shared cache has failed too often to be asked for now. */
  readonly isCacheBypassed: () => boolean;
  /** Who still waits is answered. */
  readonly stop: () => void;
}

type EstimatorMessage =
  | { readonly kind: 'ask'; readonly asking: Asking; readonly deadlineAtMs: number }
  | { readonly kind: 'refresh'; readonly questions: readonly EstimateQuestion[] }
  /** `vainWaitMs`: how long the model was waited for; null when it was not. */
  | { readonly kind: 'late'; readonly asking: Asking; readonly vainWaitMs: number | null }
  | {
      readonly kind: 'fetched';
      readonly flights: readonly Flight[];
      /** By exact key of each flight, then by coarse key of each; null: the shared cache does not answer. */
      readonly found: readonly (SharedPrediction | null)[] | null;
    }
  | { readonly kind: 'locked'; readonly flight: Flight; readonly isOurs: boolean }
  | {
      readonly kind: 'inferred';
      readonly flight: Flight;
      readonly result: InferenceResult;
      readonly askedAtMs: number;
    };

/** A question on its way. */
interface Flight {
  readonly question: EstimateQuestion;
  readonly reason: QuestionReason;
  /** Times that the answer of another process, which had the lock, was looked for. */
  lookCount: number;
  /** From then on nobody's lock keeps it from the model. */
  waitsUntilMs: number;
}

interface EstimatorState {
  readonly flights: SingleFlight<Waiter>;
}

const MAILBOX_LENGTH_MAX = 20_000;
/** A shared cache that answers has done so by then. */
const SHARED_CACHE_MS = 2;
const NO_QUESTIONS: readonly EstimateQuestion[] = [];
const FALLBACK_CAUSE_OF = {
  'queue-full': 'busy',
  'breaker-open': 'failing',
  deadline: 'failing',
  unreachable: 'failing',
  refused: 'failing',
  unreadable: 'failing',
  'out-of-range': 'unusable',
  implausible: 'failing',
  unchecked: 'failing',
  closed: 'failing',
} as const satisfies Record<InferenceFailure, FallbackCause>;

export function spawnEstimatorActor(parent: ActorParent, options: EstimatorActorOptions): EstimatorActor {
  return new Estimator(parent, options);
}

class Estimator implements EstimatorActor {
  readonly #options: EstimatorActorOptions;
  readonly #mailbox: Mailbox<EstimatorMessage>;
  readonly #askings: EstimateAskings;
  readonly #answerTimes = new AnswerTimes();
  /** Null: this process keeps its predictions for itself. */
  readonly #tier: SharedTier | null;
  readonly #looks: LaterLooks<Flight>;
  #flights: SingleFlight<Waiter>;

  constructor(parent: ActorParent, options: EstimatorActorOptions) {
    this.#options = options;
    this.#askings = new EstimateAskings(options);
    this.#flights = new SingleFlight(options.flights);
    const { shared, observer, lockPollMs } = options;
    this.#tier =
      shared === null ? null : new SharedTier({ ...options, shared, onFailed: observer.onSharedCacheFailed });
    this.#looks = new LaterLooks({ ...options, firstMs: lockPollMs, onDue: (flights) => this.#depart(flights) });
    this.#mailbox = spawnActor<EstimatorState, EstimatorMessage>(parent, options.clock, {
      name: 'estimator',
      initialState: () => {
        this.#flights = new SingleFlight(options.flights);
        return { flights: this.#flights };
      },
      handle: (state, message, nowMs) => {
        this.#handle(state, message, nowMs);
        return state;
      },
      supervisor: options.supervisor,
      lengthMax: MAILBOX_LENGTH_MAX,
      overflow: 'refuse-newest',
      onOverflow: options.observer.onRefused,
    });
    shared?.onInvalidated((tag) => options.cached.invalidate(tag, options.clock.monotonicMs()));
  }

  readonly flightCount = (): number => this.#flights.size;

  readonly isCacheBypassed = (): boolean => this.#tier?.isBypassed ?? false;

  readonly estimateNow = (batch: EstimateBatch): readonly EstimateQuestion[] => {
    const { cached, model, clock, degradeLevel } = this.#options;
    const nowMs = clock.monotonicMs();
    const level = degradeLevel();
    cached.useVersion(model.version());
    const use = { mayUseStale: level > 0 || model.isFailing(), mayRefresh: level === 0 };
    const refreshes = cached.estimateNow(batch, use, nowMs);
    if (refreshes.length > 0) this.#mailbox.tell({ kind: 'refresh', questions: refreshes });
    const mayAsk = level < 2;
    this.#countLookups(batch, mayAsk);
    return mayAsk ? this.#questionsOf(batch, nowMs) : NO_QUESTIONS;
  };

  readonly ask = (
    questions: readonly EstimateQuestion[],
    deadlineAtMs: number,
    onAnswers: (answers: readonly EstimateAnswer[]) => void,
  ): void => {
    this.#ask(this.#askings.open(questions, 'miss', onAnswers), deadlineAtMs);
  };

  readonly warmUp: EstimatorActor['ask'] = (questions, deadlineAtMs, onAnswers) => {
    this.#ask(this.#askings.open(questions, 'warm-up', onAnswers), deadlineAtMs);
  };

  readonly invalidate = async (tag: number): Promise<void> => {
    const { cached, shared, clock } = this.#options;
    cached.invalidate(tag, clock.monotonicMs());
    await shared?.invalidate(tag);
  };

  readonly stop = (): void => {
    this.#mailbox.stop();
    this.#askings.finishAll('busy');
  };

  #ask(asking: Asking, deadlineAtMs: number): void {
    if (this.#mailbox.tell({ kind: 'ask', asking, deadlineAtMs })) return;
    queueMicrotask(() => this.#askings.finish(asking, 'busy'));
  }

  /** Misses that will be asked are counted with their answers. */
  #countLookups({ count, sources, misses, missCount }: EstimateBatch, mayAsk: boolean): void {
    const { observer } = this.#options;
    let nextMiss = 0;
    for (let row = 0; row < count; row++) {
      const source = sources[row]!;
      const isMiss = nextMiss < missCount && misses[nextMiss] === row;
      if (isMiss) nextMiss += 1;
      observer.onLookup('l1', isMiss ? 'miss' : source === 'stale' ? 'stale' : 'hit');
      if (isMiss && mayAsk) continue;
      observer.onEstimate(source);
      // A hit that is no estimate: the model has said that it has none.
      if (source === 'fallback') observer.onFallback(isMiss ? 'shed' : 'unusable');
    }
  }

  #questionsOf(batch: EstimateBatch, nowMs: number): readonly EstimateQuestion[] {
    if (batch.missCount === 0) return NO_QUESTIONS;
    const questions: EstimateQuestion[] = [];
    for (let miss = 0; miss < batch.missCount; miss++) {
      questions.push(this.#options.cached.questionAt(batch, batch.misses[miss]!, nowMs));
    }
    return questions;
  }

  #handle(state: EstimatorState, message: EstimatorMessage, nowMs: number): void {
    switch (message.kind) {
      case 'ask':
        this.#begin(state, message.asking, message.deadlineAtMs, nowMs);
        break;
      case 'refresh':
        this.#depart(this.#board(state, message.questions, null, nowMs));
        break;
      case 'late':
        if (!message.asking.isOver && message.vainWaitMs !== null) this.#answerTimes.recordVainWait(message.vainWaitMs);
        this.#askings.finish(message.asking, 'late');
        break;
      case 'fetched':
        this.#fetched(state, message.flights, message.found, nowMs);
        break;
      case 'locked':
        if (message.isOurs) this.#infer(message.flight, nowMs);
        else this.#looks.add(message.flight, message.flight.lookCount++);
        break;
      case 'inferred':
        this.#recordTime(message.result, nowMs - message.askedAtMs);
        this.#inferred(state, message.flight, message.result, nowMs);
        break;
    }
  }

  #begin(state: EstimatorState, asking: Asking, deadlineAtMs: number, nowMs: number): void {
    if (asking.isOver) return;
    if (asking.questions.length === 0 || deadlineAtMs <= nowMs) {
      // Late already; the prediction is worth having for the next.
      this.#depart(this.#board(state, asking.questions, null, nowMs));
      this.#askings.finish(asking, 'late');
      return;
    }
    const leftMs = deadlineAtMs - nowMs;
    const isWaitedFor = this.#answerTimes.areMostlyWithin(leftMs);
    // A model that will be late is not waited for, only whether the shared cache knows something.
    const waitMs = isWaitedFor ? leftMs : Math.min(leftMs, SHARED_CACHE_MS);
    asking.timer = this.#options.timers.schedule(waitMs, () => {
      const vainWaitMs = isWaitedFor ? waitMs : null;
      // Answered even when no mail gets through.
      if (!this.#mailbox.tell({ kind: 'late', asking, vainWaitMs })) this.#askings.finish(asking, 'late');
    });
    this.#depart(this.#board(state, asking.questions, asking, nowMs));
  }

  /** Gives the questions that nobody asks yet. */
  #board(
    { flights }: EstimatorState,
    questions: readonly EstimateQuestion[],
    asking: Asking | null,
    nowMs: number,
  ): Flight[] {
    const { observer } = this.#options;
    const leading: Flight[] = [];
    for (const [place, question] of questions.entries()) {
      const boarding = flights.board(question.exactKey, asking === null ? null : { asking, place }, nowMs);
      if (boarding === 'joins') {
        observer.onJoined();
      } else if (boarding === 'refused') {
        observer.onRefused();
        if (asking !== null) this.#askings.answer({ asking, place }, 'busy', nowMs);
      } else {
        const reason = asking?.reason ?? 'refresh';
        leading.push({ question, reason, lookCount: 0, waitsUntilMs: nowMs + this.#options.inferenceMsMax });
      }
    }
    return leading;
  }

  #depart(flights: readonly Flight[]): void {
    if (flights.length === 0) return;
    if (this.#tier === null) {
      const nowMs = this.#options.clock.monotonicMs();
      for (const flight of flights) this.#infer(flight, nowMs);
      return;
    }
    const questions = flights.map(({ question }) => question);
    this.#tier.fetch(questions, (found) => this.#mailbox.tell({ kind: 'fetched', flights, found }));
  }

  #fetched(
    state: EstimatorState,
    flights: readonly Flight[],
    found: readonly (SharedPrediction | null)[] | null,
    nowMs: number,
  ): void {
    for (const [index, flight] of flights.entries()) {
      if (found === null) this.#infer(flight, nowMs);
      else this.#found(state, flight, found[index] ?? null, found[flights.length + index] ?? null, nowMs);
    }
  }

  #found(
    state: EstimatorState,
    flight: Flight,
    exact: SharedPrediction | null,
    coarse: SharedPrediction | null,
    nowMs: number,
  ): void {
    const { question } = flight;
    const { cached, horizons, observer } = this.#options;
    const exactEstimate = this.#usable(state, exact, horizons.exact, flight);
    if (exactEstimate !== null) {
      observer.onLookup('l2', exactEstimate.source === 'l2' ? 'hit' : 'stale');
      cached.keep(question, exactEstimate.value, nowMs - exact!.ageMs, nowMs);
      this.#land(state, question, exactEstimate, nowMs);
      return;
    }
    const standIn = this.#usable(state, coarse, horizons.coarse, flight);
    // Looked at again while another process has the lock.
    if (flight.lookCount === 0) {
      observer.onLookup('l2', standIn === null ? 'miss' : standIn.source === 'l2' ? 'hit' : 'stale');
    }
    if (standIn !== null) {
      cached.keepCoarse(question, standIn.value, nowMs - coarse!.ageMs, nowMs);
      if (flight.reason === 'warm-up') {
        this.#land(state, question, standIn, nowMs);
        return;
      }
      for (const waiter of state.flights.release(question.exactKey)) this.#askings.answer(waiter, standIn, nowMs);
    }
    this.#lock(flight, nowMs);
  }

  #usable(
    { flights }: EstimatorState,
    found: SharedPrediction | null,
    horizon: Horizon,
    { question, reason }: Flight,
  ): Estimate | null {
    if (found === null) return null;
    const { model, degradeLevel, horizons } = this.#options;
    const estimate = (source: 'l2' | 'stale'): Estimate => ({ value: found.value, source, model: question.version });
    // What is as old as the one to be refreshed would not be a refresh; who waits can do with it.
    if (reason === 'refresh' && !flights.isAwaited(question.exactKey)) {
      return found.ageMs <= horizon.localMs * horizons.refreshShare ? estimate('l2') : null;
    }
    if (found.ageMs <= horizon.sharedMs) return estimate('l2');
    const mayUseStale = model.isFailing() || degradeLevel() > 0;
    return mayUseStale && found.ageMs <= horizon.staleMs ? estimate('stale') : null;
  }

  #lock(flight: Flight, nowMs: number): void {
    // Who has the lock has not answered in its time: better to ask twice than not at all.
    if (this.#tier === null || nowMs >= flight.waitsUntilMs) {
      this.#infer(flight, nowMs);
      return;
    }
    // At every look: who had it may have failed and given it back.
    this.#tier.lock(flight.question, this.#options.inferenceMsMax, (isOurs) => {
      this.#mailbox.tell({ kind: 'locked', flight, isOurs });
    });
  }

  #infer(flight: Flight, nowMs: number): void {
    const { model, cached, inferenceMsMax, observer } = this.#options;
    const { question } = flight;
    observer.onModelAsked(flight.reason);
    model.infer(
      question.row,
      nowMs + inferenceMsMax,
      (result) => {
        this.#mailbox.tell({ kind: 'inferred', flight, result, askedAtMs: nowMs });
      },
      cached.expectationOf(question),
    );
  }

  /** What fails at once says nothing about how long answers take. */
  #recordTime(result: InferenceResult, elapsedMs: number): void {
    if (result.kind === 'estimate') this.#answerTimes.record(elapsedMs);
    else if (result.reason === 'deadline') this.#answerTimes.record(Number.POSITIVE_INFINITY);
  }

  #inferred(state: EstimatorState, { question }: Flight, result: InferenceResult, nowMs: number): void {
    const { cached, observer } = this.#options;
    if (result.kind === 'estimate') {
      const { value, version } = result;
      cached.learn(question, value);
      // Another model answered than the keys are of: it was swapped meanwhile.
      if (version === question.version) {
        cached.keep(question, value, question.bornAtMs, nowMs);
        this.#tier?.store(question, value, nowMs);
      } else {
        this.#tier?.unlock(question);
      }
      this.#land(state, question, { value, source: 'model', model: version }, nowMs);
      return;
    }
    observer.onModelFailed(result.reason);
    if (result.reason === 'out-of-range') cached.keepNegative(question, nowMs);
    this.#tier?.unlock(question);
    this.#land(state, question, FALLBACK_CAUSE_OF[result.reason], nowMs);
  }

  #land({ flights }: EstimatorState, { exactKey }: EstimateQuestion, outcome: Outcome, nowMs: number): void {
    for (const waiter of flights.land(exactKey)) this.#askings.answer(waiter, outcome, nowMs);
  }
}
