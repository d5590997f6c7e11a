/** What a person gets wrong with the training scripts: one line on stderr, no stack trace. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const SCRIPTS = join(import.meta.dirname, '..', 'scripts', 'train');
const folder = mkdtempSync(join(tmpdir(), 'gavel-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

const python = (...args: string[]) =>
  spawnSync('python3', args, { encoding: 'utf8', env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1' } });
const canImport = (module: string): boolean => python('-c', `import ${module}`).status === 0;

// -S: without the folders that packages are in.
it.skipIf(!canImport('sys'))('names the packages that are missing (needs Python)', () => {
  for (const [script, missing] of [
    ['make_key.py', 'cryptography'],
    ['train.py', 'cryptography, lightgbm, numpy, pandas, sklearn'],
    ['evaluate.py', 'lightgbm, numpy, pandas, sklearn'],
  ] as const) {
    const { status, stderr } = python('-S', join(SCRIPTS, script), 'x');
    expect(stderr).toBe(`missing Python packages: ${missing}; pip install -r scripts/train/requirements.txt\n`);
    expect(status).toBe(1);
  }
});

it.skipIf(!canImport('cryptography'))('never writes over a key (needs Python and cryptography)', () => {
  const key = join(folder, 'key.pem');
  writeFileSync(key, 'precious');
  const { status, stderr } = python(join(SCRIPTS, 'make_key.py'), key);
  expect(stderr).toBe(`${key} is there already, and a key is never written over: name a new file\n`);
  expect(status).toBe(1);
  expect(readFileSync(key, 'utf8')).toBe('precious');
  expect(python(join(SCRIPTS, 'make_key.py'), '/nope/key').stderr).toBe('/nope/key: No such file or directory\n');
});

it.skipIf(!canImport('lightgbm, numpy, pandas, sklearn'))('says what evaluate.py needs (needs its packages)', () => {
  const { status, stderr } = python(
    join(SCRIPTS, 'evaluate.py'),
    ...['--simulate', '10', '--test-day', '20260110', '--models', folder],
  );
  expect(stderr).toContain('training.json cannot be read');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(status).toBe(1);
});
