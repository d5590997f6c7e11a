/** `gavel features`: rows of features of logged or simulated impressions, to train a model with or to test it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInputText } from '../adapters/training-data/input-file.ts';
import { readIpinyou } from '../adapters/training-data/ipinyou.ts';
import { writeMatrix } from '../adapters/training-data/npy.ts';
import { quarantineSummary, readQuarantine, writeQuarantine } from '../adapters/training-data/quarantine-file.ts';
import { type RateTables, readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { canonicalSchema, FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { rowsWithRates, trainingRows } from '../engine/estimation/features/training-rows.ts';
import {
  type LoggedImpression,
  TRAINING_TARGETS,
  type TrainingTarget,
} from '../engine/estimation/features/training-target.ts';
import { quarantineSuspects } from '../engine/estimation/quality/training-quarantine.ts';
import { simulateImpressions } from '../simulator/clicks/simulated-log.ts';
import { dayFilter } from './day-filter.ts';
import { readOptions, wholeNumber } from './options.ts';
import { checkOutputFile, makeFolder } from './output-path.ts';
import { blaming, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'features',
  summary: 'write the features of impressions or clicks, for training a model or testing one',
  options: {
    ipinyou: { type: 'string', value: 'DIR[,DIR]', help: 'folders with logs in the format of iPinYou (imp.*, clk.*)' },
    device: { type: 'string', value: 'KIND', help: 'of iPinYou: none (default) or coarse, families of OS and browser' },
    simulate: { type: 'string', value: 'N', help: 'instead: N impressions over ten days from 20260101 on, simulated' },
    target: { type: 'string', value: 'KIND', help: 'click of each impression (default), or conversion of each click' },
    seed: { type: 'string', value: 'N', help: 'of the simulated log (default 1); the world stays the same' },
    days: { type: 'string', value: 'DAYS', help: 'only these, e.g. 20130606-20130609 (default all)' },
    quarantine: {
      type: 'string',
      value: 'FILE',
      help: 'leave out rows that look made up; gets one a line, as JSON, and why',
    },
    exclude: { type: 'string', value: 'FILE', help: 'leave out what an earlier run has put in this quarantine' },
    rates: {
      type: 'string',
      value: 'FILE',
      help: 'rates.json of a bundle to test with; without it rows are to train with',
    },
    folds: { type: 'string', value: 'N', help: 'training rows: folds of the out-of-fold rates (default 5)' },
    'prior-clicks': { type: 'string', value: 'N', help: 'average clicks added to each rate (default 3)' },
    'minimum-impressions': { type: 'string', value: 'N', help: 'keys with fewer get no rate (default 2)' },
    out: {
      type: 'string',
      value: 'DIR',
      help: 'gets features.npy, rows.csv, schema.json; for training also rates.json',
    },
  },
} as const;

export async function features(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { out } = options;
  if (out === undefined) throw new UsageError('features: --out is missing');
  refuseUnused(options);
  const target = targetOf(options);
  const read = impressionsReader(options, target);
  const write = rowsWriter(options, target, out);
  if (options.quarantine !== undefined) checkOutputFile('features: --quarantine', options.quarantine);
  makeFolder('features: --out', out);
  const impressions = withoutSuspects(read(), options);
  if (impressions.length === 0) throw new UsageError('features: there is nothing to learn from on those days');
  blaming('features: --out', out, () => {
    write(impressions);
    const lines = impressions.map((trial) => csvLine(trial, target));
    writeFileSync(join(out, 'rows.csv'), `id,day,label,probability\n${lines.join('')}`);
    writeFileSync(join(out, 'schema.json'), `{"hash":"${SCHEMA_HASH}","schema":${canonicalSchema()}}`);
  });
  process.stdout.write(`${impressions.length} rows in ${out}\n`);
}

type FeaturesOptions = NonNullable<ReturnType<typeof readOptions<typeof COMMAND.options>>>;

/** By the option that decides between two ways: those that mean something in the other way only. */
const OTHERWISE = {
  simulate: ['device'],
  ipinyou: ['seed'],
  rates: ['folds', 'prior-clicks', 'minimum-impressions'],
} as const;

/** What would be passed over in silence is not what the caller thinks it does. */
function refuseUnused(options: FeaturesOptions): void {
  for (const [chosen, others] of Object.entries(OTHERWISE)) {
    const unused = options[chosen as keyof typeof OTHERWISE] && others.find((other) => options[other] !== undefined);
    if (unused) throw new UsageError(`features: --${unused} has no meaning with --${chosen}`);
  }
}

/** Writes the features, and for training the rates. Everything that the caller may have got wrong is looked at before. */
function rowsWriter(
  options: FeaturesOptions,
  target: TrainingTarget,
  out: string,
): (impressions: readonly LoggedImpression[]) => void {
  const file = join(out, 'features.npy');
  const given = options.rates === undefined ? null : readRates(options.rates);
  if (given !== null) return (impressions) => writeMatrix(file, rowsWithRates(impressions, given), FEATURE_COUNT);
  const folds = wholeNumber(options.folds, 'folds', 5, { min: 2, max: 100 });
  const smoothing = {
    priorClicks: wholeNumber(options['prior-clicks'], 'prior-clicks', 3, { min: 1, max: 10_000 }),
    minimumImpressions: wholeNumber(options['minimum-impressions'], 'minimum-impressions', 2, { min: 1, max: 1e6 }),
  };
  return (impressions) => {
    const { rows, rates } = trainingRows(impressions, target, folds, smoothing);
    writeMatrix(file, rows, FEATURE_COUNT);
    writeFileSync(join(out, 'rates.json'), JSON.stringify(rates));
  };
}

function readRates(path: string): RateTables {
  return blaming('features: --rates', path, () => readRateTables(readInputText(path)));
}

function targetOf({ target = 'click' }: FeaturesOptions): TrainingTarget {
  if (target === 'click' || target === 'conversion') return TRAINING_TARGETS[target];
  throw new UsageError('--target must be click or conversion');
}

/** Looks at the options now, and reads or simulates when it is called. */
function impressionsReader(options: FeaturesOptions, target: TrainingTarget): () => LoggedImpression[] {
  const { ipinyou, simulate, device = 'none', seed, days } = options;
  if ((ipinyou === undefined) === (simulate === undefined)) {
    throw new UsageError('features: one of --ipinyou and --simulate is needed');
  }
  const isWanted = dayFilter(days);
  if (ipinyou !== undefined) {
    if (device !== 'none' && device !== 'coarse') throw new UsageError('--device must be none or coarse');
    const folders = ipinyou.split(',');
    const readLogs = (): LoggedImpression[] => readIpinyou({ folders, device, isWanted });
    return () => blaming('features: --ipinyou', ipinyou, readLogs).filter(target.isTrial);
  }
  const count = wholeNumber(simulate, 'simulate', 0, { min: 1, max: 10_000_000 });
  const ofSeed = wholeNumber(seed, 'seed', 1, { min: 0, max: Number.MAX_SAFE_INTEGER });
  return () => simulateImpressions(count, ofSeed, isWanted, target.isTrial);
}

function withoutSuspects(
  impressions: LoggedImpression[],
  { quarantine, exclude }: FeaturesOptions,
): readonly LoggedImpression[] {
  const kept =
    exclude === undefined
      ? impressions
      : withoutIds(
          impressions,
          blaming('features: --exclude', exclude, () => readQuarantine(exclude)),
        );
  if (quarantine === undefined) return kept;
  const result = quarantineSuspects(kept);
  blaming('features: --quarantine', quarantine, () => writeQuarantine(quarantine, result.quarantined));
  process.stderr.write(`${quarantineSummary(result)}\n`);
  return result.clean;
}

function withoutIds(impressions: readonly LoggedImpression[], ids: ReadonlySet<string>): LoggedImpression[] {
  return impressions.filter(({ id }) => !ids.has(id));
}

function csvLine(trial: LoggedImpression, target: TrainingTarget): string {
  return `${trial.id},${trial.day},${target.isPositive(trial) ? 1 : 0},${target.probability(trial) ?? ''}\n`;
}
