/**
/**
 * Estimates of clicks or of conversions by a model of this process: all candidates of a request in one batch, at once.
 * Where the model gives no probability, or there is none, the fallback does.
 */

import { BatchFiller } from './batch-filler.ts';
import type { ClickEstimates, ConversionEstimates, DraftCandidate, EstimateSubject } from './click-estimates.ts';
import { EstimateBatch } from './estimate-batch.ts';
import type { EstimateObserver } from './estimate-observer.ts';
import type { EstimateQuestion } from './estimate-question.ts';
import type { EstimateTarget } from './estimate-target.ts';
import type { FallbackEstimator } from './fallback/fallback-estimator.ts';
import { FEATURE_COUNT } from './features/schema.ts';
import { VectorBuilder } from './features/vector-builder.ts';
import type { LocalModel, ServedModel } from './served-model.ts';

export interface ModelEstimatesOptions {
  readonly target: EstimateTarget;
  readonly model: LocalModel;
  /** Of its own: what it learns is of this target. */
  readonly fallback: FallbackEstimator;
  readonly observer: EstimateObserver;
}

const NO_QUESTIONS: readonly EstimateQuestion[] = [];

export class ModelEstimates implements ClickEstimates, ConversionEstimates {
  readonly mayAsk = false;
  readonly #options: ModelEstimatesOptions;
  readonly #filler = new BatchFiller();
  readonly #batch = new EstimateBatch(FEATURE_COUNT);
  /** Builds the rows of `#builtFor`, whose rates they hold. */
  #builder: VectorBuilder | null = null;
  #builtFor: ServedModel | null = null;

  constructor(options: ModelEstimatesOptions) {
    this.#options = options;
  }

  readonly estimate = (
    subject: EstimateSubject,
    candidates: readonly DraftCandidate[],
  ): readonly EstimateQuestion[] => {
    if (candidates.length === 0) return NO_QUESTIONS;
    const batch = this.#batch;
    const model = this.#options.model.current();
    this.#filler.fill(batch, subject, candidates, this.#builderOf(model));
    // Every value is written by the model; what is not within (0, 1) afterwards was not.
    if (model !== null) model.score(batch.rows, batch.count, batch.values);
    for (let row = 0; row < batch.count; row++) this.#settle(candidates[batch.indexes[row]!]!, row, model);
    return NO_QUESTIONS;
  };

  #settle(candidate: DraftCandidate, row: number, model: ServedModel | null): void {
    const { target, fallback, observer } = this.#options;
    const facts = this.#batch.facts[row]!;
    const prior = target.rateOf(candidate);
    const value = model === null ? Number.NaN : this.#batch.values[row]!;
    if (value > 0 && value < 1) {
      target.set(candidate, value, model!.version);
      fallback.learn(facts, value, prior);
      observer.onEstimate('model');
    } else {
      target.set(candidate, fallback.estimate(facts, prior), null);
      observer.onEstimate('fallback');
      observer.onFallback(model === null ? 'no-model' : 'unusable');
    }
  }

  #builderOf(model: ServedModel | null): VectorBuilder | null {
    if (model !== this.#builtFor) {
      this.#builtFor = model;
      this.#builder = model === null ? null : new VectorBuilder(model.rates);
    }
    return this.#builder;
  }
}
