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
