/**
 * The shared cache as the estimator uses it: what it says within a few ms, or nothing. After some failures in a row it is
 * not asked at all for a while, then by one command at a time until that is answered: a cache that hangs must not cost
 * every question its patience. The model is asked meanwhile, by each process for itself.
 */
import type { HorizonOptions } from '../engine/estimation/cache/horizons.ts';
import type { EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { PredictionCache, SharedPrediction } from '../engine/ports/prediction-cache.ts';

export interface SharedTierOptions {
  readonly shared: PredictionCache;
  readonly horizons: HorizonOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A command failed, or was not answered in time. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * How long a command is waited for, ms, in two steps: when the loop was blocked for the first one, what has come meanwhile
 * is read before the second one ends.
 */
const PATIENCE_STEP_MS = 2;
const FAILURE_RUN_MAX = 5;
const BYPASS_MS = 1000;

export class SharedTier {
  readonly #options: SharedTierOptions;
  /** Commands in a row without an answer in time. */
  #failureRun = 0;
  #bypassedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: SharedTierOptions) {
    this.#options = options;
  }

  /** Not asked at the moment, but for a probe now and then. */
  get isBypassed(): boolean {
    return this.#failureRun >= FAILURE_RUN_MAX;
  }

  /** By exact key of each question, then by coarse key of each; null: no answer. May call back before it returns. */
  fetch(
    questions: readonly EstimateQuestion[],
    onFound: (found: readonly (SharedPrediction | null)[] | null) => void,
  ): void {
    const keys = questions.map(({ exactKey }) => exactKey);
    for (const { coarseKey } of questions) keys.push(coarseKey);
    this.#try((shared) => shared.fetch(keys), onFound);
  }

  /** False: another process asks. True also when there is no answer. May call back before it returns. */
  lock({ exactKey }: EstimateQuestion, lockMs: number, onLocked: (isOurs: boolean) => void): void {
    this.#try(
      (shared) => shared.lock(exactKey, lockMs),
      (isOurs) => onLocked(isOurs ?? true),
    );
  }

  /** Ends the lock, too. */
  store(question: EstimateQuestion, value: number, nowMs: number): void {
    const { exactKey, coarseKey, campaignTag, userTag, deviceTag, bornAtMs } = question;
    const { exact, coarse } = this.#options.horizons;
    const common = { value, ageMs: nowMs - bornAtMs, campaignTag, userTag, deviceTag };
    this.#try((shared) =>
      shared.store([
        { ...common, key: exactKey, keptMs: exact.staleMs },
        { ...common, key: coarseKey, keptMs: coarse.staleMs },
      ]),
    );
  }

  unlock({ exactKey }: EstimateQuestion): void {
    this.#try((shared) => shared.unlock(exactKey));
  }

  /** `onDone` is called once, with null when there is no answer in time. */
  #try<T>(command: (shared: PredictionCache) => Promise<T>, onDone: (answer: T | null) => void = ignore): void {
    const { shared, timers } = this.#options;
    if (!this.#mayTry()) {
      onDone(null);
      return;
    }
    let isOver = false;
    const fail = (error: unknown): void => {
      if (isOver) return;
      isOver = true;
      timers.cancel(timer);
      this.#failed(error);
      onDone(null);
    };
    let timer = timers.schedule(PATIENCE_STEP_MS, () => {
      timer = timers.schedule(PATIENCE_STEP_MS, () => fail(new Error('the shared cache does not answer in time')));
    });
    command(shared).then((answer) => {
      if (isOver) return;
      isOver = true;
      timers.cancel(timer);
      this.#failureRun = 0;
      onDone(answer);
    }, fail);
  }

  #mayTry(): boolean {
    if (!this.isBypassed) return true;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#bypassedUntilMs) return false;
    // This one is the probe; others wait for what it finds.
    this.#bypassedUntilMs = nowMs + BYPASS_MS;
    return true;
  }

  #failed(error: unknown): void {
    const { clock, onFailed } = this.#options;
    this.#failureRun += 1;
    this.#bypassedUntilMs = clock.monotonicMs() + BYPASS_MS;
    onFailed(error);
  }
}

function ignore(): void {}
