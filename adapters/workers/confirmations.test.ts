import { expect, it } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { Confirmations } from './confirmations.ts';

const timers = new ManualTimers();
const start = () => {
  const told: [worker: number, id: number][] = [];
  const confirmations = new Confirmations({ timers, timeoutMs: 100 });
  const all = (...workers: number[]) => confirmations.all(workers, (worker, id) => told.push([worker, id]));
  return { told, confirmations, all };
};

it('holds once every worker has confirmed it', async () => {
  const { told, confirmations, all } = start();
  let isOver = false;
  const round = all(1, 2).then(() => {
    isOver = true;
  });
  expect(told.map(([worker]) => worker)).toEqual([1, 2]);
  confirmations.confirmed(1, told[0]![1], null);
  await Promise.resolve();
  expect(isOver).toBe(false);
  confirmations.confirmed(2, told[1]![1], null);
  await round;
  await all();
});

it('says what a worker could not do, and who is silent', async () => {
  const { told, confirmations, all } = start();
  const failed = all(1, 2);
  confirmations.confirmed(1, told[0]![1], 'Redis is away');
  confirmations.confirmed(2, told[1]![1], null);
  await expect(failed).rejects.toThrow('Redis is away');
  const silent = all(1, 2);
  confirmations.confirmed(1, told[2]![1], null);
  timers.advance(100);
  await expect(silent).rejects.toThrow('worker 2 does not answer');
});

it('one that has ended need not confirm, and rounds are told apart', async () => {
  const { told, confirmations, all } = start();
  const first = all(1, 2);
  const second = all(1);
  confirmations.confirmed(1, told[2]![1], null);
  await second;
  confirmations.confirmed(1, told[0]![1], null);
  confirmations.forget(2);
  await first;
});
