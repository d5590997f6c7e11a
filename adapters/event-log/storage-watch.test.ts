import { expect, it } from 'vitest';
import { EventLogError } from '../../engine/ports/event-log.ts';
import { APPEND_MS_MAX, watchStorage } from './storage-watch.ts';

it('knows that nothing can be stored from a failed append until one succeeds, and while one takes too long', async () => {
  let nowMs = 0;
  let append = async (): Promise<void> => {};
  const watched = watchStorage(
    { append: () => append(), close: async () => {} },
    { monotonicMs: () => nowMs, wallMs: () => 0 },
  );
  expect(watched.isStoring()).toBe(true);
  append = async () => {
    throw new EventLogError('full', 'full');
  };
  await expect(watched.append([])).rejects.toMatchObject({ code: 'full' });
  expect(watched.isStoring()).toBe(false);
  let finish = (): void => {};
  append = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const first = watched.append([]);
  expect(watched.isStoring()).toBe(false);
  finish();
  await first;
  expect(watched.isStoring()).toBe(true);
  const second = watched.append([]);
  nowMs = APPEND_MS_MAX;
  expect(watched.isStoring()).toBe(true);
  nowMs += 1;
  expect(watched.isStoring()).toBe(false);
  finish();
  await second;
  expect(watched.isStoring()).toBe(true);
});

it('is not deceived by small events, for which a full log has room', async () => {
  let roomBytes = 700;
  const append = async ([record]: readonly Uint8Array[]): Promise<void> => {
    if (record!.length > roomBytes) throw new EventLogError('full', 'full');
  };
  const watched = watchStorage({ append, close: async () => {} }, { monotonicMs: () => 0, wallMs: () => 0 });
  const auction = [new Uint8Array(3000)];
  const win = [new Uint8Array(600)];
  await expect(watched.append(auction)).rejects.toThrow('full');
  await watched.append(win);
  expect(watched.isStoring()).toBe(false);
  roomBytes = 500;
  await expect(watched.append(win)).rejects.toThrow('full');
  roomBytes = 700;
  await watched.append(win);
  expect(watched.isStoring()).toBe(false);
  roomBytes = 10_000;
  await watched.append([new Uint8Array(2900)]);
  expect(watched.isStoring()).toBe(true);
});
