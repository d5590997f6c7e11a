/**
 * Rows with known outcomes that travel with a model. A model that gives them another log-loss than its trainer recorded
 * is not the model that was measured, or is not read as it was written.
 *
 *     { "rows": [[0.5, null, 3], ...], "labels": [0, 1, ...] }        null: the value is missing
 */
import { JsonFields, parseJson } from './json-fields.ts';
import type { Model } from './model.ts';
import { ModelFormatError } from './model-format-error.ts';

export interface GoldenSet {
  readonly count: number;
  readonly featureCount: number;
  /** Row after row, NaN for what is missing. */
  readonly rows: Float64Array;
  /** 0 or 1 each. */
  readonly labels: Float64Array;
}

/** Throws a `ModelFormatError`. */
export function readGoldenSet(text: string): GoldenSet {
  const fields = new JsonFields(parseJson(text, 'golden'), 'golden');
  fields.allowOnly(['rows', 'labels']);
  const labels = fields.numbers('labels');
  for (const [index, label] of labels.entries()) {
    if (label !== 0 && label !== 1) fields.fail(`labels[${index}]`, 'is neither 0 nor 1');
  }
  const rows = fields.list('rows');
  if (rows.length !== labels.length) fields.fail('rows', `${rows.length} rows have ${labels.length} labels`);
  const featureCount = Array.isArray(rows[0]) ? rows[0].length : 0;
  const values = new Float64Array(rows.length * featureCount);
  for (const [index, row] of rows.entries()) readRow(row, `golden.rows[${index}]`, values, index * featureCount);
  return { count: labels.length, featureCount, rows: values, labels };

  function readRow(row: unknown, place: string, out: Float64Array, at: number): void {
    if (!Array.isArray(row) || row.length !== featureCount) {
      throw new ModelFormatError(place, `is not a list of ${featureCount} values`);
    }
    for (const [column, value] of row.entries()) {
      if (value !== null && typeof value !== 'number') {
        throw new ModelFormatError(`${place}[${column}]`, 'is neither a number nor null');
      }
      out[at + column] = value ?? Number.NaN;
    }
  }
}

/** Mean log-loss in nats. NaN when one of the scores is not within (0, 1). */
export function goldenLogLoss(model: Model, golden: GoldenSet): number {
  const scores = new Float64Array(golden.count);
  model.score(golden.rows, golden.count, scores);
  let loss = 0;
  for (const [index, score] of scores.entries()) {
    if (!(score > 0 && score < 1)) return Number.NaN;
    loss -= Math.log(golden.labels[index] === 1 ? score : 1 - score);
  }
  return loss / golden.count;
}
