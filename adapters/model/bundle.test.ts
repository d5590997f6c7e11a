import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { stdSerializers } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BundleRules, readBundle } from './bundle.ts';
import {
  type BundleParts,
  FEATURE_COUNT,
  logisticText,
  SCHEMA_HASH,
  trainer,
  writeBundle,
} from './testing/build-bundle.ts';

const NOW_MS = Date.parse('2026-06-10T00:00:00Z');
const stranger = generateKeyPairSync('ed25519');
const rules: BundleRules = {
  publicKeys: [trainer.publicKey],
  schemaHash: SCHEMA_HASH,
  featureCount: FEATURE_COUNT,
  target: 'click',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'));
});
afterEach(() => rm(folder, { recursive: true }));

function read(changes: Partial<BundleRules> = {}, at: { versionMin?: number; nowMs?: number } = {}) {
  return readBundle(folder, { ...rules, ...changes }, { versionMin: 0, nowMs: NOW_MS, ...at });
}

function scoreOf(model: Awaited<ReturnType<typeof read>>, row: readonly number[]): number {
  const out = new Float64Array(1);
  model.score(Float64Array.from(row), 1, out);
  return out[0]!;
}

describe('a bundle that is in order', () => {
  it('scores with its model and calibration', async () => {
    await writeBundle(folder, { version: 7 });
    const model = await read();
    expect(model).toMatchObject({ version: 7, schemaHash: SCHEMA_HASH, featureCount: 2 });
    expect(scoreOf(model, [2, 9])).toBe(0.5);
  });

  it('may be signed by any key that is trusted', async () => {
    await writeBundle(folder, { signedWith: stranger.privateKey });
    await expect(read({ publicKeys: [...rules.publicKeys, stranger.publicKey] })).resolves.toBeDefined();
  });

  it('may hold further files', async () => {
    await writeBundle(folder, { files: { 'schema.json': '{}' } });
    await expect(read()).resolves.toBeDefined();
  });
});

it('a bundle that says what it estimates is taken where that is wanted', async () => {
  await writeBundle(folder, { manifest: { target: 'conversion' } });
  const model = await readBundle(folder, { ...rules, target: 'conversion' }, { versionMin: 0, nowMs: NOW_MS });
  expect(model.manifest.target).toBe('conversion');
});

it.each<[string, BundleParts]>([
  ['manifest: manifest.metrics.auc: is not a finite number', { manifest: { metrics: {} } }],
  ['format: calibration: is not an object', { files: { 'calibration.json': '[]' } }],
])('says once in the log what is wrong: %s', async (message, parts) => {
  await writeBundle(folder, parts);
  const refusal = (await read().catch((error: unknown) => error)) as Error;
  expect(stdSerializers.err(refusal).message).toBe(message);
});

it('names a file that is not there', async () => {
  await writeBundle(folder, {});
  await unlink(join(folder, 'model.txt'));
  await expect(read()).rejects.toThrow(/^unreadable: model\.txt is missing$/);
});

describe('refused', () => {
  const cases: [string, string, BundleParts][] = [
    ['a signature by somebody else', 'signature', { signedWith: stranger.privateKey }],
    ['a model of conversions', 'target', { manifest: { target: 'conversion' } }],
    ['a target that nobody knows', 'manifest', { manifest: { target: 'view' } }],
    ['another schema', 'schema', { manifest: { schemaHash: 'cd'.repeat(32) } }],
    ['one that has expired', 'expired', { manifest: { expiresAt: '2026-06-10T00:00:00Z' } }],
    ['one that expires before it was made', 'manifest', { manifest: { createdAt: '2026-08-01T00:00:00Z' } }],
    ['an expiry that is no time', 'manifest', { manifest: { expiresAt: 'never' } }],
    ['a kind that is unknown', 'manifest', { manifest: { kind: 'oracle' } }],
    ['a version that is no integer', 'manifest', { manifest: { version: 1.5 } }],
    ['no files', 'manifest', { manifest: { files: {} } }],
    [
      'predicted clicks of three times the actual',
      'metrics',
      { manifest: { metrics: metrics({ calibrationRatio: 3 }) } },
    ],
    [
      'predicted clicks of a third of the actual',
      'metrics',
      { manifest: { metrics: metrics({ calibrationRatio: 0.33 }) } },
    ],
    ['a metric that is no number', 'manifest', { manifest: { metrics: metrics({ auc: null }) } }],
    ['what is no better than chance', 'metrics', { manifest: { metrics: metrics({ auc: 0.49 }) } }],
    ['another log-loss than recorded', 'golden', { goldenLogLoss: 0.2 }],
    ['another model than recorded', 'golden', { files: { 'model.txt': logisticText(0).replace('-2', '-3') } }],
    ['fewer golden rows than recorded', 'golden', { manifest: { golden: { rows: 4, logLoss: 0.1 } } }],
    [
      'weights that are no numbers',
      'format',
      { files: { 'model.txt': '{"kind":"logistic","intercept":0,"weights":[NaN,1]}' } },
    ],
    [
      'weights that are infinite',
      'format',
      { files: { 'model.txt': '{"kind":"logistic","intercept":0,"weights":[1e999,1]}' } },
    ],
    [
      'a model of another size',
      'schema',
      { files: { 'model.txt': '{"kind":"logistic","intercept":0,"weights":[1]}' } },
    ],
    [
      'a calibration that falls',
      'format',
      { files: { 'calibration.json': '{"kind":"platt","slope":-1,"intercept":0}' } },
    ],
    [
      'a golden set of another width',
      'schema',
      { files: { 'golden.json': '{"rows":[[1],[1],[1]],"labels":[0,1,0]}' } },
    ],
    ['a golden set with text in it', 'format', { files: { 'golden.json': '{"rows":[["a",1]],"labels":[0]}' } }],
    ['a golden label of a half', 'format', { files: { 'golden.json': '{"rows":[[1,1]],"labels":[0.5]}' } }],
  ];

  it.each(cases)('%s: %s', async (_name, reason, parts) => {
    await writeBundle(folder, parts);
    await expect(read()).rejects.toMatchObject({ name: 'BundleRefused', reason });
  });

  it('an old version', async () => {
    await writeBundle(folder, { version: 3 });
    await expect(read({}, { versionMin: 4 })).rejects.toMatchObject({ reason: 'old-version' });
    await expect(read({}, { versionMin: 3 })).resolves.toBeDefined();
  });

  it('a name that leads out of the folder', async () => {
    const files = { 'model.txt': 'ab'.repeat(32), 'calibration.json': 'ab'.repeat(32), 'golden.json': 'ab'.repeat(32) };
    await writeBundle(folder, { manifest: { files: { ...files, '../secret': 'ab'.repeat(32) } } });
    await expect(read()).rejects.toMatchObject({ reason: 'manifest' });
  });

  it.each([
    ['manifest.json', 'unreadable'],
    ['manifest.sig', 'signature'],
    ['model.txt', 'unreadable'],
  ])('a bundle without %s: %s', async (name, reason) => {
    await writeBundle(folder);
    await unlink(join(folder, name));
    await expect(read()).rejects.toMatchObject({ reason });
  });

  it('any bit that is flipped in any file', async () => {
    await writeBundle(folder);
    const names = ['manifest.json', 'manifest.sig', 'model.txt', 'calibration.json', 'golden.json'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.nat({ max: 7 }), async (name, position, bit) => {
        const path = join(folder, name);
        const bytes = await readFile(path);
        const flipped = Buffer.from(bytes);
        const at = position % bytes.length;
        flipped[at] = flipped[at]! ^ (1 << bit);
        // Base64 has spare bits at its end, which say nothing.
        const isSameSignature =
          name === 'manifest.sig' &&
          Buffer.from(flipped.toString('latin1').trim(), 'base64').equals(
            Buffer.from(bytes.toString('latin1').trim(), 'base64'),
          );
        await writeFile(path, flipped);
        const outcome = await read().then(
          () => 'served',
          (error: { name: string }) => error.name,
        );
        await writeFile(path, bytes);
        expect(outcome).toBe(isSameSignature ? 'served' : 'BundleRefused');
      }),
      { numRuns: 200 },
    );
  });
});

function metrics(changes: Record<string, unknown>): Record<string, unknown> {
  return { auc: 0.75, logLoss: 0.1, normalizedEntropy: 0.9, calibrationRatio: 1, ...changes };
}
