import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventLogFolder, eventLogFolders, workerDataDirectory, workerNumbers } from './log-folders.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-folders-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('finds the log of an engine alone and of every worker there ever was, in order', async () => {
  for (const number of [10, 2]) await mkdir(eventLogFolder(workerDataDirectory(folder, number)), { recursive: true });
  for (const name of ['events', 'worker-', 'worker-0', 'worker-x', 'worker-02', 'other'])
    await mkdir(join(folder, name));
  expect(await workerNumbers(folder)).toEqual([2, 10]);
  expect(await eventLogFolders(folder)).toEqual(
    ['events', 'worker-2/events', 'worker-10/events'].map((name) => join(folder, name)),
  );
});

test('finds nothing where nothing is', async () => {
  expect(await eventLogFolders(join(folder, 'nowhere'))).toEqual([]);
  expect(await eventLogFolders(folder)).toEqual([]);
});
