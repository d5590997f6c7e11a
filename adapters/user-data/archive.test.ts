import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildOutcome } from '../../engine/events/testing/build-events.ts';
import { ALL_TIME, DAMAGED, listRawFiles } from '../archive/layout.ts';
import { writeRawFiles } from '../archive/raw-files.ts';
import { archived, openTestArchive, type TestArchive } from '../archive/testing/archive-folder.ts';
import { archiveUserData } from './archive.ts';

const ANN = 'AnnAnnAnnAnnAnnAnnAnn_';
const BOB = 'BobBobBobBobBobBobBob-';
const NOW = Date.UTC(2026, 10, 21, 12);
const users = (...eventKeys: string[]) => ({ ids: [], capKeys: [], eventKeys });

let archive: TestArchive;
beforeEach(async () => {
  archive = await openTestArchive();
});
afterEach(() => archive.dispose());

const storeOf = (settle = async () => {}) =>
  archiveUserData({ folder: archive.folder, settle, openDb: async () => ({ ...archive.db, close: () => {} }) });

it('takes one user out of every raw file, and leaves all else as it was', async () => {
  const events = [ANN, BOB, null].flatMap((userKey, at) =>
    [0, 1].map((hour) => buildOutcome('impression', { userKey, auctionId: `a${at}`, atMs: NOW - hour * 3_600_000 })),
  );
  await writeRawFiles(archive.db, archive.folder, archived(events), { nowMs: NOW, keptFromMs: 0 });
  const before = await archive.rawRows('*');
  const names = (await listRawFiles(archive.folder, ALL_TIME)).map(({ path }) => path);
  const store = storeOf();
  expect(await store.search(users(ANN))).toBe(2);
  expect(await store.erase(users(ANN, 'Nobody'))).toBe(2);
  expect([await store.search(users(ANN)), await store.search(users(BOB))]).toEqual([0, 2]);
  expect(await store.erase(users(ANN))).toBe(0);
  const wanted = before.map((row) =>
    row.user_key === ANN ? { ...row, user_key: null, payload: String(row.payload).replace(`"${ANN}"`, 'null') } : row,
  );
  expect(await archive.rawRows('*')).toEqual(wanted);
  expect((await listRawFiles(archive.folder, ALL_TIME)).map(({ path }) => path)).toEqual(names);
});

it('is clean where nothing is archived, and never while something waits or cannot be read', async () => {
  expect([await storeOf().erase(users(ANN)), await storeOf().search(users(ANN))]).toEqual([0, 0]);
  const waiting = storeOf(() => Promise.reject(new Error('waits')));
  await expect(waiting.erase(users(ANN))).rejects.toThrow('waits');
  await writeRawFiles(archive.db, archive.folder, archived([buildOutcome('click', { atMs: NOW })]), {
    nowMs: NOW,
    keptFromMs: 0,
  });
  const [file] = await listRawFiles(archive.folder, ALL_TIME);
  await writeFile(join(`${file!.path}${DAMAGED}`), 'x');
  await expect(storeOf().search(users(ANN))).rejects.toThrow('1 damaged files');
});
