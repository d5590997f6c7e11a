/** Estimates by the model of this process: all candidates of a request in one synchronous step. */

import type { EstimateBatch } from './estimate-batch.ts';
import type { FallbackEstimator } from './fallback/fallback-estimator.ts';
import type { LocalModel } from './served-model.ts';

export class LocalEstimates {
  readonly #model: LocalModel;
  readonly #fallback: FallbackEstimator;

  constructor(model: LocalModel, fallback: FallbackEstimator) {
    this.#model = model;
    this.#fallback = fallback;
  }

  /** Gives the version of the model that scored, null when none did. There are no misses: nothing comes later. */
  estimateNow(batch: EstimateBatch): number | null {
    const model = this.#model.current();
    batch.missCount = 0;
    // Every value is written by the model; what is not within (0, 1) afterwards was not.
    if (model !== null) model.score(batch.rows, batch.count, batch.values);
    else batch.values.fill(Number.NaN, 0, batch.count);
    for (let index = 0; index < batch.count; index++) {
      const value = batch.values[index]!;
      const facts = batch.facts[index]!;
      const prior = batch.priors[index]!;
      if (value > 0 && value < 1) {
        batch.set(index, value, 'model');
        this.#fallback.learn(facts, value, prior);
      } else {
        batch.set(index, this.#fallback.estimate(facts, prior), 'fallback');
      }
    }
    return model === null ? null : model.version;
  }
}
