import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readBounded } from './read-bounded.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bounded-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('reads what fits, to the last byte, also in several steps', async () => {
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 7, 'abc');
  await writeFile(join(folder, 'file'), bytes);
  await writeFile(join(folder, 'empty'), '');
  expect((await readBounded(join(folder, 'file'), bytes.length)).equals(bytes)).toBe(true);
  expect(await readBounded(join(folder, 'empty'), 0)).toHaveLength(0);
});

it('refuses one byte too many', async () => {
  await writeFile(join(folder, 'file'), 'abcd');
  await expect(readBounded(join(folder, 'file'), 3)).rejects.toThrow('has 4 bytes, more than 3');
});

it('does not believe a size: a file of the kernel says 0 and holds more', async () => {
  await expect(readBounded('/proc/self/status', 1024)).rejects.toThrow('has more than the 0 bytes');
});

it('refuses folders, devices and pipes without waiting', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const path of [folder, '/dev/zero', join(folder, 'pipe')]) {
    await expect(readBounded(path, 10)).rejects.toThrow('is not a regular file');
  }
});

it('ends by its signal', async () => {
  await writeFile(join(folder, 'file'), 'abcd');
  const reason = new Error('enough');
  await expect(readBounded(join(folder, 'file'), 10, AbortSignal.abort(reason))).rejects.toBe(reason);
});
