import { expect, test } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { Gathering } from './gathering.ts';

function create() {
  const timers = new ManualTimers();
  const asked: { workerNumber: number; id: number }[] = [];
  const gathering = new Gathering<string>({
    timers,
    timeoutMs: 1000,
    ask: (workerNumber, id) => asked.push({ workerNumber, id }),
  });
  /** Answers what was asked last. */
  const answer = (workerNumber: number, report: string): void => {
    const { id } = asked.findLast((one) => one.workerNumber === workerNumber)!;
    gathering.answered(workerNumber, id, report);
  };
  return { gathering, timers, asked, answer };
}

test('waits for all', async () => {
  const { gathering, answer } = create();
  const gathered = gathering.gather([1, 2]);
  answer(2, 'b');
  answer(1, 'a');
  expect(new Map(await gathered)).toEqual(
    new Map([
      [1, 'a'],
      [2, 'b'],
    ]),
  );
});

test('takes what one that hangs said last, and its late answer for the next time', async () => {
  const { gathering, timers, answer } = create();
  const first = gathering.gather([1, 2]);
  answer(1, 'a');
  answer(2, 'b');
  await first;
  const second = gathering.gather([1, 2]);
  answer(1, 'a2');
  timers.advance(1000);
  expect(new Map(await second)).toEqual(
    new Map([
      [1, 'a2'],
      [2, 'b'],
    ]),
  );
  answer(2, 'b2');
  const third = gathering.gather([1, 2]);
  timers.advance(1000);
  expect((await third).get(2)).toBe('b2');
});

test('is not held up by one that ends, and forgets it', async () => {
  const { gathering, answer } = create();
  const gathered = gathering.gather([1, 2]);
  answer(1, 'a');
  gathering.updated(2, 'last words');
  expect(gathering.forget(2)).toBe('last words');
  expect(new Map(await gathered)).toEqual(new Map([[1, 'a']]));
  expect(gathering.forget(2)).toBeUndefined();
});

test('shares one round among all who ask meanwhile', async () => {
  const { gathering, asked, answer } = create();
  const both = [gathering.gather([1]), gathering.gather([1])];
  expect(asked).toHaveLength(1);
  answer(1, 'a');
  await Promise.all(both);
  void gathering.gather([1]);
  expect(asked).toHaveLength(2);
});

test('has nothing to wait for when nobody is there', async () => {
  expect((await create().gathering.gather([])).size).toBe(0);
});
