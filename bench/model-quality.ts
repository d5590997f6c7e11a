/**
 * How well click models tell clicks from the rest. The shipped one on a day of the simulated world that it was not trained
 * on, beside the best that anybody could do, who knows the probabilities themselves; models of real logs on what
 * `scripts/train/evaluate.py --keep DIR` left in the folder that EVALUATION_DIR names (they are not in the repository).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMatrix } from '../adapters/training-data/npy.ts';
import { readScorer, scoreRows } from '../adapters/training-data/scorer.ts';
import { readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { rowsWithRates } from '../engine/estimation/features/training-rows.ts';
import { simulateImpressions } from '../simulator/clicks/simulated-log.ts';
import { auc } from './auc.ts';
import type { BenchContext, Measurement } from './measurement.ts';

export const SIMULATOR_NAMES = ['auc.simulator.gavel', 'auc.simulator.bayes'] as const;

/** Not that of training: its requests would be the same. */
const LOG_SEED_OFFSET = 1000;

export async function measureSimulatorQuality({ scale, seed }: BenchContext): Promise<Measurement[]> {
  const bundle = join(rootFolder(), 'config', 'models', 'ctr');
  // Ten days; the last is a tenth of the log.
  const impressions = simulateImpressions(scale.auctions, seed + LOG_SEED_OFFSET, (day) => day === '20260110');
  const rates = readRateTables(readFileSync(join(bundle, 'rates.json'), 'utf8'));
  const probabilities = scoreRows(readScorer(bundle), rowsWithRates(impressions, rates)).filter(
    (_, at) => at % 2 === 1,
  );
  const clicked = impressions.map(({ isClicked }) => isClicked);
  const truth = impressions.map(({ clickProbability }) => clickProbability!);
  return [
    { name: 'auc.simulator.gavel', value: auc(probabilities, clicked), unit: '' },
    { name: 'auc.simulator.bayes', value: auc(truth, clicked), unit: '' },
  ];
}

/** Bundle of each name. */
const BUNDLES = { gavel: 'gbdt', fm: 'fm', lr: 'logistic' } as const;

export const IPINYOU_NAMES = ['auc.ipinyou.gavel', 'auc.ipinyou.lightgbm', 'auc.ipinyou.fm', 'auc.ipinyou.lr'] as const;

export async function measureIpinyouQuality({ progress }: BenchContext): Promise<Measurement[]> {
  const folder = process.env.EVALUATION_DIR;
  if (folder === undefined) {
    progress(`skipped ${IPINYOU_NAMES.join(', ')}: EVALUATION_DIR names no folder of evaluate.py --keep`);
    return [];
  }
  const clicked = readClicked(join(folder, 'rows.csv'));
  const { models } = JSON.parse(readFileSync(join(folder, 'evaluation.json'), 'utf8')) as { readonly models: string };
  const { values: rows } = readMatrix(join(folder, 'features.npy'));
  const own = readMatrix(join(folder, 'lightgbm.npy')).values;
  const measurements: Measurement[] = [{ name: 'auc.ipinyou.lightgbm', value: auc(own, clicked), unit: '' }];
  for (const [name, bundle] of Object.entries(BUNDLES)) {
    const scorer = readScorer(join(models, bundle));
    const probabilities = scoreRows(scorer, rows).filter((_, at) => at % 2 === 1);
    measurements.push({ name: `auc.ipinyou.${name}`, value: auc(probabilities, clicked), unit: '' });
  }
  return measurements;
}

/** Column `label` of what `gavel features` wrote. */
function readClicked(path: string): boolean[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split(',')[2] === '1');
}

/** Where `config/` lies: beside the sources, or beside `dist/`. */
export function rootFolder(): string {
  const folder = join(import.meta.dirname, '..');
  return existsSync(join(folder, 'config', 'models')) ? folder : join(folder, '..');
}
