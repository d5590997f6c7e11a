import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sequenceSince } from './sequence-since.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'since-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function segment(first: number, writtenAtSec: number): Promise<void> {
  const path = join(folder, `${String(first).padStart(16, '0')}.seg`);
  await writeFile(path, '');
  await utimes(path, writtenAtSec, writtenAtSec);
}

it('is the oldest segment that was written to since then, else the last', async () => {
  expect(await sequenceSince(folder, 0)).toBeNull();
  await segment(1, 1000);
  await segment(50, 2000);
  await segment(90, 3000);
  await writeFile(join(folder, 'lock'), '');
  expect(await sequenceSince(folder, 0)).toBe(1);
  expect(await sequenceSince(folder, 1_000_001)).toBe(50);
  expect(await sequenceSince(folder, 2_500_000)).toBe(90);
  expect(await sequenceSince(folder, 9_000_000)).toBe(90);
});
