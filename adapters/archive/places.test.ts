import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { placesFolder } from './layout.ts';
import { openPlaces } from './places.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-places-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('are kept by log and partition', async () => {
  await openPlaces(folder, 'log:a').store(0, 7);
  await openPlaces(folder, 'log:a').store(1, 9);
  const [own, other] = [openPlaces(folder, 'log:a'), openPlaces(folder, 'log:b')];
  expect([await own.of(0), await own.of(1), await own.of(2), await other.of(0)]).toEqual([7, 9, null, null]);
});

it('that nobody can read are none: everything comes again', async () => {
  const places = openPlaces(folder, 'log:a');
  await places.store(0, 7);
  const [name] = await readdir(placesFolder(folder));
  for (const text of ['', '{"nextOffset":"7"}', 'null']) {
    await writeFile(join(placesFolder(folder), name!), text);
    expect(await places.of(0)).toBeNull();
  }
});

it('are forgotten of one log alone', async () => {
  const [own, other] = [openPlaces(folder, 'log:a'), openPlaces(folder, 'log:b')];
  await own.forget();
  await own.store(0, 7);
  await other.store(0, 8);
  await own.forget();
  expect([await own.of(0), await other.of(0)]).toEqual([null, 8]);
});
