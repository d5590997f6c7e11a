/** Scores matrices of features by the model of a bundle, as the engine does: for evaluation. */
import { join } from 'node:path';
import { type Calibration, readCalibration } from '../../engine/estimation/models/calibration.ts';
import { JsonFields, parseJson } from '../../engine/estimation/models/json-fields.ts';
import { MODEL_KINDS, type Model, readModel } from '../../engine/estimation/models/model.ts';
import { readInputText } from './input-file.ts';

/** A model and what makes probabilities of its scores. */
export interface Scorer {
  readonly model: Model;
  readonly calibration: Calibration;
}

/** Of a folder that is trusted: nothing is verified but the form of the files. Throws as `readInput`, or a `ModelFormatError`. */
export function readScorer(bundle: string): Scorer {
  const text = (name: string): string => readInputText(join(bundle, name));
  const kind = new JsonFields(parseJson(text('manifest.json'), 'manifest'), 'manifest').oneOf('kind', MODEL_KINDS);
  return {
    model: readModel(kind, text('model.txt')),
    calibration: readCalibration(parseJson(text('calibration.json'), 'calibration')),
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
