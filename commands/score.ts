/** `gavel score`: what the engine's own code makes of rows of features, by the model of a bundle. */
import { readMatrix, writeMatrix } from '../adapters/training-data/npy.ts';
import { readScorer, scoreRows } from '../adapters/training-data/scorer.ts';
import { readOptions } from './options.ts';
import { checkOutputFile } from './output-path.ts';
import { blaming, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'score',
  summary: 'score rows of features by the model of a bundle, of clicks or of conversions',
  options: {
    bundle: {
      type: 'string',
      value: 'DIR',
      help: 'folder with model.txt, calibration.json and manifest.json; trusted',
    },
    rows: { type: 'string', value: 'FILE', help: 'features.npy of gavel features' },
    out: {
      type: 'string',
      value: 'FILE',
      help: "gets two columns: the model's score, and the probability of what it estimates",
    },
  },
} as const;

export async function score(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { bundle, rows, out } = options;
  if (bundle === undefined || rows === undefined || out === undefined) {
    throw new UsageError('score: --bundle, --rows and --out are all needed');
  }
  checkOutputFile('score: --out', out);
  const scorer = blaming('score: --bundle', bundle, () => readScorer(bundle));
  const { values, columns } = blaming('score: --rows', rows, () => readMatrix(rows));
  if (columns !== scorer.model.featureCount) {
    throw new UsageError(
      `score: --rows: ${rows}: has ${columns} features a row, and the model of ${bundle} ${scorer.model.featureCount}`,
    );
  }
  blaming('score: --out', out, () => writeMatrix(out, scoreRows(scorer, values), 2));
}
