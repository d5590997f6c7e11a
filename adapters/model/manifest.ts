/**
 * `manifest.json` of a model bundle: what the bundle holds and what its trainer measured.
 *
 *     {
 *       "version": 12,
 *       "createdAt": "2026-06-10T00:00:00Z", "expiresAt": "2026-07-10T00:00:00Z",
 *       "schemaHash": "9f86...", "kind": "gbdt", "target": "click",
 *       "files": { "model.txt": "SHA-256 in hex", "calibration.json": "...", "golden.json": "..." },
 *       "metrics": { "auc": 0.78, "logLoss": 0.0061, "normalizedEntropy": 0.91, "calibrationRatio": 1.02 },
 *       "golden": { "rows": 1000, "logLoss": 0.0061 }
 *     }
 */
import { TARGET_NAMES, type TargetName } from '../../engine/estimation/estimate-target.ts';
import { JsonFields, parseJson } from '../../engine/estimation/models/json-fields.ts';
import { MODEL_KINDS, type ModelKind } from '../../engine/estimation/models/model.ts';

/** Every bundle has these; others may lie beside them, and are as bound by the manifest. */
export const MODEL_FILE = 'model.txt';
export const CALIBRATION_FILE = 'calibration.json';
export const GOLDEN_FILE = 'golden.json';
/** The rates of the past that the model's rows hold (`engine/estimation/features/rate-tables.ts`). */
export const RATES_FILE = 'rates.json';

export interface ModelMetrics {
  readonly auc: number;
  /** Mean, nats. */
  readonly logLoss: number;
  readonly normalizedEntropy: number;
  /** Predicted by actual clicks. */
  readonly calibrationRatio: number;
}

export interface Manifest {
  readonly version: number;
  /** Epoch ms. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly schemaHash: string;
  readonly kind: ModelKind;
  readonly target: TargetName;
  /** SHA-256 in hex by file name. */
  readonly files: ReadonlyMap<string, string>;
  readonly metrics: ModelMetrics;
  /** How many rows the golden set has, and the log-loss that the trainer had on them. */
  readonly golden: { readonly rows: number; readonly logLoss: number };
}

/** Nothing that leads out of the folder. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const SHA_256 = /^[0-9a-f]{64}$/;
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)$/;

/** Throws a `ModelFormatError`. Fields that nobody knows are left alone: a newer trainer may say more. */
export function readManifest(text: string): Manifest {
  const fields = new JsonFields(parseJson(text, 'manifest'), 'manifest');
  const metrics = fields.object('metrics');
  const golden = fields.object('golden');
  return {
    version: fields.integer('version'),
    createdAtMs: readTime(fields, 'createdAt'),
    expiresAtMs: readTime(fields, 'expiresAt'),
    schemaHash: readHash(fields, 'schemaHash'),
    kind: fields.oneOf('kind', MODEL_KINDS),
    // Trainers that knew of clicks only did not say so.
    target: fields.has('target') ? fields.oneOf('target', TARGET_NAMES) : 'click',
    files: readFiles(fields.object('files')),
    metrics: {
      auc: metrics.number('auc'),
      logLoss: metrics.number('logLoss'),
      normalizedEntropy: metrics.number('normalizedEntropy'),
      calibrationRatio: metrics.number('calibrationRatio'),
    },
    golden: { rows: golden.integer('rows'), logLoss: golden.number('logLoss') },
  };
}

function readFiles(files: JsonFields): ReadonlyMap<string, string> {
  for (const name of [MODEL_FILE, CALIBRATION_FILE, GOLDEN_FILE, RATES_FILE]) {
    if (!files.has(name)) files.fail(name, 'is missing');
  }
  return new Map(
    files.keys().map((name) => {
      if (!FILE_NAME.test(name)) files.fail(name, 'is no plain file name');
      return [name, readHash(files, name)];
    }),
  );
}

function readHash(fields: JsonFields, key: string): string {
  const text = fields.text(key);
  return SHA_256.test(text) ? text : fields.fail(key, 'is not SHA-256 in lower-case hex');
}

function readTime(fields: JsonFields, key: string): number {
  const text = fields.text(key);
  const ms = UTC_TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(ms) ? ms : fields.fail(key, 'is not a UTC time like 2026-06-10T00:00:00Z');
}
