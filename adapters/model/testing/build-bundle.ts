/** Writes bundles as a trainer would. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rateKeyName } from '../../../engine/estimation/features/declare.ts';
import { RATE_KEYS } from '../../../engine/estimation/features/schema.ts';

export const SCHEMA_HASH = 'ab'.repeat(32);
export const FEATURE_COUNT = 2;
export const trainer = generateKeyPairSync('ed25519');
/** As the configuration wants it. */
export const TRAINER_KEY = Buffer.from(trainer.publicKey.export({ format: 'jwk' }).x!, 'base64url').toString('base64');

export interface BundleParts {
  readonly version?: number;
  readonly files?: Readonly<Record<string, string>>;
  /** Over the manifest's own fields. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly signedWith?: KeyObject;
  /** Of the golden set, as the trainer would record it. */
  readonly goldenLogLoss?: number;
}

/** sigmoid(-2 + x0). `weight` of x1 makes another model of it. */
export function logisticText(weight: number): string {
  return JSON.stringify({ kind: 'logistic', intercept: -2, weights: [1, weight] });
}

const GOLDEN_ROWS = [
  [0, 0],
  [2, null],
  [-1, 0],
];
const GOLDEN_LABELS = [0, 1, 0];

export const GOLDEN_LOG_LOSS = (Math.log(1 + Math.exp(-2)) + Math.log(2) + Math.log(1 + Math.exp(-3))) / 3;

const NO_RATES = JSON.stringify(
  Object.fromEntries(RATE_KEYS.map((key) => [rateKeyName(key), { keys: [], lifts: [], impressions: [] }])),
);

export async function writeBundle(folder: string, parts: BundleParts = {}): Promise<void> {
  const files: Record<string, string> = {
    'model.txt': logisticText(0),
    'calibration.json': '{"kind":"none"}',
    'rates.json': NO_RATES,
    'golden.json': JSON.stringify({ rows: GOLDEN_ROWS, labels: GOLDEN_LABELS }),
    ...parts.files,
  };
  const manifest = {
    version: parts.version ?? 1,
    createdAt: '2026-06-01T00:00:00Z',
    expiresAt: '2026-07-01T00:00:00Z',
    schemaHash: SCHEMA_HASH,
    kind: 'logistic',
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, sha256(text)])),
    metrics: { auc: 0.75, logLoss: 0.1, normalizedEntropy: 0.9, calibrationRatio: 1.01 },
    golden: { rows: GOLDEN_LABELS.length, logLoss: parts.goldenLogLoss ?? GOLDEN_LOG_LOSS },
    ...parts.manifest,
  };
  const bytes = Buffer.from(JSON.stringify(manifest, null, 2));
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await replace(folder, name, text);
  const signature = sign(null, bytes, parts.signedWith ?? trainer.privateKey);
  await replace(folder, 'manifest.sig', `${signature.toString('base64')}\n`);
  await replace(folder, 'manifest.json', bytes);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function replace(folder: string, name: string, content: string | Buffer): Promise<void> {
  await writeFile(join(folder, `.${name}`), content);
  await rename(join(folder, `.${name}`), join(folder, name));
}
