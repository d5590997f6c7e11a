/** The models in `config/models` are what their manifests say, and the engine scores them as LightGBM did. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readScorer, scoreRows } from '../adapters/training-data/scorer.ts';
import { readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';

const MODELS = join(import.meta.dirname, '..', 'config', 'models');
/** Before the 32 bytes of an Ed25519 key, SubjectPublicKeyInfo in DER has these (RFC 8410). */
const ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

describe.each(['ctr', 'cvr'])('%s', (name) => {
  const bundle = join(MODELS, name);
  const read = (file: string): Buffer => readFileSync(join(bundle, file));
  const manifest = JSON.parse(read('manifest.json').toString('utf8'));

  test('is signed by the key that the README names', () => {
    const [, key] = /^ {4}(\S{44})$/m.exec(readFileSync(join(MODELS, 'README.md'), 'utf8'))!;
    const der = Buffer.concat([ED25519_PREFIX, Buffer.from(key!, 'base64')]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const signature = Buffer.from(read('manifest.sig').toString('utf8'), 'base64');
    expect(verify(null, read('manifest.json'), publicKey, signature)).toBe(true);
  });

  test('has the files that its manifest names, for the features of this build', () => {
    for (const [file, hash] of Object.entries(manifest.files)) {
      expect(createHash('sha256').update(read(file)).digest('hex'), file).toBe(hash);
    }
    expect(manifest.schemaHash).toBe(SCHEMA_HASH);
    expect(() => readRateTables(read('rates.json').toString('utf8'))).not.toThrow();
  });

  test('gives the log-loss of its golden set', () => {
    const { rows, labels } = JSON.parse(read('golden.json').toString('utf8')) as {
      rows: (number | null)[][];
      labels: number[];
    };
    expect(rows).toHaveLength(manifest.golden.rows);
    const matrix = Float64Array.from(rows.flat(), (value) => value ?? Number.NaN);
    expect(matrix).toHaveLength(rows.length * FEATURE_COUNT);
    const scored = scoreRows(readScorer(bundle), matrix);
    const losses = labels.map((label, row) => -Math.log(label === 1 ? scored[row * 2 + 1]! : 1 - scored[row * 2 + 1]!));
    expect(losses.reduce((sum, loss) => sum + loss) / losses.length).toBeCloseTo(manifest.golden.logLoss, 12);
  });
});
