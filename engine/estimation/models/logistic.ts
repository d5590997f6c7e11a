/**
 * Logistic regression, the baseline: sigmoid(intercept + sum of weight x value). A missing value (NaN) counts as 0, so
 * it is to be trained on features that have 0 for what is missing. Its file is JSON of this project's own:
 *
 *     { "kind": "logistic", "intercept": -6.9, "weights": [0.12, -0.03] }
 */
import { checkBatch } from './check-batch.ts';
import { JsonFields, parseJson } from './json-fields.ts';
import type { Model } from './model.ts';
import { sigmoid } from './sigmoid.ts';

/** Throws a `ModelFormatError`. */
export function readLogisticRegression(text: string): LogisticRegression {
  const fields = new JsonFields(parseJson(text, 'logistic'), 'logistic');
  fields.allowOnly(['kind', 'intercept', 'weights']);
  fields.oneOf('kind', ['logistic']);
  return new LogisticRegression(fields.number('intercept'), fields.numbers('weights'));
}

export class LogisticRegression implements Model {
  readonly featureCount: number;
  readonly #intercept: number;
  readonly #weights: Float64Array;

  constructor(intercept: number, weights: Float64Array) {
    this.featureCount = weights.length;
    this.#intercept = intercept;
    this.#weights = weights;
  }

  score(rows: Float64Array, count: number, out: Float64Array): void {
    checkBatch(this.featureCount, rows, count, out);
    for (let row = 0; row < count; row++) {
      const at = row * this.featureCount;
      let sum = this.#intercept;
      for (let feature = 0; feature < this.featureCount; feature++) {
        const x = rows[at + feature]!;
        if (!Number.isNaN(x)) sum += this.#weights[feature]! * x;
      }
      out[row] = sigmoid(sum);
    }
  }
}
