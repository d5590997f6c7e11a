import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keptSecret } from './kept-secret.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-secret-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('is made once, whoever comes first, and read by its owner alone', async () => {
  const path = join(folder, 'keys', 'tracking.key');
  const secrets = await Promise.all(Array.from({ length: 20 }, () => keptSecret(path)));
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'keys'))).toEqual(['tracking.key']);
  expect(await keptSecret(path)).toBe(secrets[0]);
});

it('is not made of what stands there', async () => {
  const path = join(folder, 'tracking.key');
  await writeFile(path, 'short');
  await expect(keptSecret(path)).rejects.toThrow(path);
});
