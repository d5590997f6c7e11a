/** Scores matrices of features by the model of a bundle, as the engine does: for evaluation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Calibration, readCalibration } from '../../engine/estimation/models/calibration.ts';
import { MODEL_KINDS, type Model, readModel } from '../../engine/estimation/models/model.ts';

/** A model and what makes probabilities of its scores. */
export interface Scorer {
  readonly model: Model;
  readonly calibration: Calibration;
}

/** Of a folder that is trusted: nothing is verified but the form of the files. */
export function readScorer(bundle: string): Scorer {
  const text = (name: string): string => readFileSync(join(bundle, name), 'utf8');
  const { kind } = JSON.parse(text('manifest.json')) as { readonly kind?: unknown };
  const known = MODEL_KINDS.find((name) => name === kind);
  if (known === undefined) throw new Error(`${bundle} has a model of kind ${String(kind)}`);
  return {
    model: readModel(known, text('model.txt')),
    calibration: readCalibration(JSON.parse(text('calibration.json'))),
  };
}

/** Score and probability of each row in turn. */
export function scoreRows({ model, calibration }: Scorer, rows: Float64Array): Float64Array {
  const count = rows.length / model.featureCount;
  const scores = new Float64Array(count);
  model.score(rows, count, scores);
  const out = new Float64Array(count * 2);
  scores.forEach((value, row) => {
    out[row * 2] = value;
    out[row * 2 + 1] = calibration.calibrate(value);
  });
  return out;
}
