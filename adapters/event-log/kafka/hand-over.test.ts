import { expect, it } from 'vitest';
import { HandOver } from './hand-over.ts';

/** Whether it has resolved by now. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  const later = Symbol('later');
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, later))])) !== later;
}

it('gives one at a time: who gives waits until the next one is asked for', async () => {
  const over = new HandOver<number>();
  const first = over.give(1);
  expect(await over.next()).toBe(1);
  expect(await isOver(first)).toBe(false);
  const second = over.next();
  expect(await isOver(first)).toBe(true);
  expect(await isOver(second)).toBe(false);
  void over.give(2);
  expect(await second).toBe(2);
});

it('ends for both sides', async () => {
  const over = new HandOver<number>();
  const next = over.next();
  over.end();
  expect(await next).toBeNull();
  expect(await isOver(over.give(1))).toBe(true);
  expect(await over.next()).toBeNull();
});

it('fails where it waits', async () => {
  const over = new HandOver<number>();
  const next = over.next();
  over.fail(new Error('gone'));
  await expect(next).rejects.toThrow('gone');
  await expect(over.next()).rejects.toThrow('gone');
});

it('keeps nobody waiting who was replaced', async () => {
  const over = new HandOver<number>();
  const first = over.give(1);
  const second = over.give(2);
  expect(await isOver(first)).toBe(true);
  expect(await over.next()).toBe(2);
  over.end();
  expect(await isOver(second)).toBe(true);
});
