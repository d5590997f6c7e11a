import { expect, test } from 'vitest';
import { countsOf } from '../../engine/desk/outcome-billing.ts';
import type { Outcome } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { OutcomeBroadcast, type ToldOutcomes } from './outcome-broadcast.ts';

const OUTCOMES: Outcome[] = ['a', 'b', 'c'].map((auctionId) => ({ auctionId, impId: '1', type: 'click', atMs: null }));
const REPORT = { outcomes: OUTCOMES, areBilled: false };

function create() {
  const timers = new ManualTimers();
  const told: { workerNumber: number; id: number; told: ToldOutcomes }[] = [];
  const broadcast = new OutcomeBroadcast({
    timers,
    timeoutMs: 1000,
    tell: (workerNumber, id, one) => told.push({ workerNumber, id, told: one }),
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
  const reported = broadcast.report([1, 2], REPORT);
  expect(told).toEqual(
    [1, 2].map((workerNumber) => ({ workerNumber, id: 1, told: { outcomes: OUTCOMES, isBilling: false } })),
  );
  broadcast.answered(2, 1, counts(0, 1));
  broadcast.answered(1, 1, counts(1));
  expect(await reported).toEqual({ counted: 1, duplicate: 1, 'out-of-window': 0, unknown: 1 });
});

test('keeps reports apart that are under way together, and hears an answer once', async () => {
  const { broadcast } = create();
  const first = broadcast.report([1, 2], REPORT);
  const second = broadcast.report([1, 2], REPORT);
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
  const reported = broadcast.report([1, 2, 3], REPORT);
  broadcast.answered(1, 1, counts(1));
  broadcast.forget(3);
  timers.advance(1000);
  await expect(reported).rejects.toThrow('worker 2 does not answer; report again');
  broadcast.answered(2, 1, counts(1));
  const others = broadcast.report([1, 2], REPORT);
  broadcast.answered(1, 2, counts(1));
  broadcast.forget(2);
  expect(await others).toEqual(counts(1));
});

test('knows nothing without a worker', async () => {
  expect(await create().broadcast.report([], REPORT)).toEqual(counts(0));
});

test('has one worker bill, in turn, and tells what it says of that', async () => {
  const { broadcast, told } = create();
  const report = { outcomes: OUTCOMES, areBilled: true };
  const bills = countsOf(['billed', 'parked', 'repeated']);
  for (const [id, biller] of [
    [1, 1],
    [2, 2],
  ] as const) {
    const reported = broadcast.report([1, 2], report);
    expect(told.splice(0).map(({ told: { isBilling } }) => isBilling)).toEqual([biller === 1, biller === 2]);
    broadcast.answered(3 - biller, id, counts(1));
    broadcast.answered(biller, id, { ...counts(0), bills });
    expect(await reported).toEqual({ ...counts(1), bills });
  }
});

test('fails when nobody has billed', async () => {
  const { broadcast } = create();
  const report = { outcomes: OUTCOMES, areBilled: true };
  await expect(broadcast.report([], report)).rejects.toThrow('the worker that bills has ended; report again');
  const left = broadcast.report([1, 2], report);
  broadcast.answered(1, 1, counts(1));
  broadcast.forget(2);
  await expect(left).rejects.toThrow('report again');
  const failed = broadcast.report([1, 2], report);
  broadcast.answered(1, 2, { failure: 'the ledger is away' });
  broadcast.answered(2, 2, counts(0));
  await expect(failed).rejects.toThrow('the ledger is away');
});
