import type { Calibration } from './calibration.ts';
import type { Model } from './model.ts';

/** A model whose scores are probabilities: within (0, 1), or NaN where there is no estimate. */
export class CalibratedModel implements Model {
  readonly featureCount: number;
  readonly #model: Model;
  readonly #calibration: Calibration;

  constructor(model: Model, calibration: Calibration) {
    this.featureCount = model.featureCount;
    this.#model = model;
    this.#calibration = calibration;
  }

  score(rows: Float64Array, count: number, out: Float64Array): void {
    this.#model.score(rows, count, out);
    this.#calibration.calibrateAll(out, count);
  }
}
