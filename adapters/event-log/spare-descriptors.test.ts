import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nodeLogFiles } from './log-files.ts';
import { SPARE_DESCRIPTORS, type SparedLogFiles, sparedLogFiles } from './spare-descriptors.ts';

/** Whether an open of these finds no descriptor, but for one that was closed just before. */
const system = vi.hoisted(() => ({ isExhausted: false, free: 0 }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fail = (): never => {
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  };
  const openSync: typeof fs.openSync = (...args) => {
    if (system.isExhausted && system.free === 0) fail();
    if (system.isExhausted) system.free -= 1;
    return fs.openSync(...args);
  };
  const closeSync: typeof fs.closeSync = (descriptor) => {
    if (system.isExhausted) system.free += 1;
    fs.closeSync(descriptor);
  };
  return { ...fs, openSync, closeSync };
});

let folder: string;
let files: SparedLogFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-spares-'));
  files = sparedLogFiles();
});

afterEach(async () => {
  system.isExhausted = false;
  vi.restoreAllMocks();
  files.release();
  await rm(folder, { recursive: true, force: true });
});

/** From now on, whatever is free at the end of a turn is taken by somebody. */
function exhaust(): void {
  system.isExhausted = true;
  system.free = 0;
  const none = async (): Promise<never> => {
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  };
  vi.spyOn(nodeLogFiles, 'list').mockImplementation(none);
  vi.spyOn(nodeLogFiles, 'syncFolder').mockImplementation(none);
}

test('segments follow each other without end though somebody takes every descriptor that is let go', async () => {
  let file = await files.create(join(folder, '0'));
  exhaust();
  for (let segment = 1; segment <= 3 * SPARE_DESCRIPTORS; segment++) {
    await file.datasync();
    await file.close();
    system.free = 0;
    expect(await files.list(folder)).toHaveLength(segment);
    system.free = 0;
    file = await files.create(join(folder, String(segment)));
    await file.write(Buffer.from('x'), 0);
    await files.syncFolder(folder);
    system.free = 0;
  }
  await file.close();
});

test('the spares come back when there are descriptors again', async () => {
  exhaust();
  const opened = [];
  for (let count = 0; count < SPARE_DESCRIPTORS; count++) opened.push(await files.create(join(folder, `${count}`)));
  expect(files.spareCount()).toBe(0);
  await expect(files.create(join(folder, 'none'))).rejects.toMatchObject({ code: 'EMFILE' });
  expect(existsSync(join(folder, 'none'))).toBe(false);
  system.isExhausted = false;
  vi.restoreAllMocks();
  await files.list(folder);
  expect(files.spareCount()).toBe(SPARE_DESCRIPTORS);
  for (const file of opened) await file.close();
});

test('other errors cost no spare', async () => {
  await expect(files.openExisting(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(files.spareCount()).toBe(SPARE_DESCRIPTORS);
});

test('released spares are descriptors that others may have', () => {
  const before = nextDescriptor();
  files.release();
  expect(files.spareCount()).toBe(0);
  expect(nextDescriptor()).toBeLessThan(before);
});

function nextDescriptor(): number {
  const descriptor = openSync(devNull, 'r');
  closeSync(descriptor);
  return descriptor;
}
