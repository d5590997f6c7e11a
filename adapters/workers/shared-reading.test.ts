import { expect, test } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { SharedReading } from './shared-reading.ts';

const PAUSE_MS = 250;

function create() {
  const timers = new ManualTimers();
  const underWay: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const reading = new SharedReading({
    timers,
    pauseMs: PAUSE_MS,
    read: () => {
      return new Promise<number>((resolve, reject) => underWay.push({ resolve, reject }));
    },
  });
  return { timers, underWay, reading };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('all who ask while it is under way share one reading', async () => {
  const { underWay, reading } = create();
  const values = Promise.all(Array.from({ length: 16 }, () => reading.read()));
  await turn();
  expect(underWay).toHaveLength(1);
  underWay[0]!.resolve(7);
  expect(await values).toEqual(Array.from({ length: 16 }, () => 7));
});

test('whoever comes behind it gets a new one, after the pause', async () => {
  const { timers, underWay, reading } = create();
  const first = reading.read();
  await turn();
  underWay[0]!.resolve(1);
  await first;
  const second = reading.read();
  timers.advance(PAUSE_MS - 1);
  await turn();
  expect(underWay).toHaveLength(1);
  timers.advance(1);
  await turn();
  expect(underWay).toHaveLength(2);
  underWay[1]!.resolve(2);
  expect(await second).toBe(2);
});

test('one that fails fails for those who share it, and for nobody else', async () => {
  const { timers, underWay, reading } = create();
  const first = reading.read();
  await turn();
  underWay[0]!.reject(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  const second = reading.read();
  timers.advance(PAUSE_MS);
  await turn();
  underWay[1]!.resolve(2);
  expect(await second).toBe(2);
});
