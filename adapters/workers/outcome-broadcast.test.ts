import { expect, test } from 'vitest';
import type { Outcome } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { OutcomeBroadcast } from './outcome-broadcast.ts';

const OUTCOMES: Outcome[] = ['a', 'b', 'c'].map((auctionId) => ({ auctionId, impId: '1', type: 'click', atMs: null }));

function create() {
  const timers = new ManualTimers();
  const told: { workerNumber: number; id: number; outcomes: readonly Outcome[] }[] = [];
  const broadcast = new OutcomeBroadcast({
    timers,
    timeoutMs: 1000,
    tell: (workerNumber, id, outcomes) => told.push({ workerNumber, id, outcomes }),
  });
  return { broadcast, timers, told };
}

const counts = (counted: number, duplicate = 0, late = 0) => ({
  counted,
  duplicate,
  'out-of-window': late,
  unknown: 3 - counted - duplicate - late,
});

test('tells every worker, and what none of them knows is unknown', async () => {
  const { broadcast, told } = create();
  const reported = broadcast.report([1, 2], OUTCOMES);
  expect(told).toEqual([1, 2].map((workerNumber) => ({ workerNumber, id: 1, outcomes: OUTCOMES })));
  broadcast.answered(2, 1, counts(0, 1));
  broadcast.answered(1, 1, counts(1));
  expect(await reported).toEqual({ counted: 1, duplicate: 1, 'out-of-window': 0, unknown: 1 });
});

test('keeps reports apart that are under way together, and hears an answer once', async () => {
  const { broadcast } = create();
  const first = broadcast.report([1, 2], OUTCOMES);
  const second = broadcast.report([1, 2], OUTCOMES);
  broadcast.answered(1, 2, counts(0, 2));
  broadcast.answered(1, 1, counts(2));
  broadcast.answered(1, 1, counts(2));
  broadcast.answered(2, 1, counts(0, 0, 1));
  broadcast.answered(2, 2, counts(0));
  expect(await first).toEqual(counts(2, 0, 1));
  expect(await second).toEqual(counts(0, 2));
});

test('fails when a worker does not answer, and not because one has ended', async () => {
  const { broadcast, timers } = create();
  const reported = broadcast.report([1, 2, 3], OUTCOMES);
  broadcast.answered(1, 1, counts(1));
  broadcast.forget(3);
  timers.advance(1000);
  await expect(reported).rejects.toThrow('worker 2 does not answer; report again');
  broadcast.answered(2, 1, counts(1));
  const others = broadcast.report([1, 2], OUTCOMES);
  broadcast.answered(1, 2, counts(1));
  broadcast.forget(2);
  expect(await others).toEqual(counts(1));
});

test('knows nothing without a worker', async () => {
  expect(await create().broadcast.report([], OUTCOMES)).toEqual(counts(0));
});
