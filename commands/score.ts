/** `gavel score`: what the engine's own code makes of rows of features, by the model of a bundle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCalibration } from '../engine/estimation/models/calibration.ts';
import { MODEL_KINDS, readModel } from '../engine/estimation/models/model.ts';
import { readOptions } from './options.ts';
import { readMatrix, writeMatrix } from './training/npy.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'score',
  summary: 'score rows of features by the click model of a bundle',
  options: {
    bundle: {
      type: 'string',
      value: 'DIR',
      help: 'folder with model.txt, calibration.json and manifest.json; trusted',
    },
    rows: { type: 'string', value: 'FILE', help: 'features.npy of gavel features' },
    out: { type: 'string', value: 'FILE', help: "gets two columns: the model's score, and the probability of a click" },
  },
} as const;

export async function score(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { bundle, rows, out } = options;
  if (bundle === undefined || rows === undefined || out === undefined) {
    throw new UsageError('score: --bundle, --rows and --out are all needed');
  }
  const scorer = readScorer(bundle);
  const { values, columns } = readMatrix(rows);
  if (columns !== scorer.model.featureCount) {
    throw new UsageError(`score: rows of ${columns} features for a model of ${scorer.model.featureCount}`);
  }
  writeMatrix(out, scoreRows(scorer, values), 2);
}

export interface Scorer {
  readonly model: ReturnType<typeof readModel>;
  readonly calibration: ReturnType<typeof readCalibration>;
}

/** Of a folder that is trusted: nothing is verified but the form of the files. */
export function readScorer(bundle: string): Scorer {
  const text = (name: string): string => readFileSync(join(bundle, name), 'utf8');
  const { kind } = JSON.parse(text('manifest.json')) as { readonly kind?: unknown };
  const known = MODEL_KINDS.find((name) => name === kind);
  if (known === undefined) throw new UsageError(`score: ${bundle} has a model of kind ${String(kind)}`);
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
