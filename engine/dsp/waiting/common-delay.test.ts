import { expect, test } from 'vitest';
import { commonDelayMs } from './common-delay.ts';
import { createWaitingModel, learnLatency, type WaitingModel } from './waiting-model.ts';

const DSPS = 20;

/** Each answers after 6 ms or, once in twenty times, after 25 ms. */
function learned(): WaitingModel {
  const model = createWaitingModel();
  for (let call = 0; call < 600; call++) learnLatency(model, call % 20 === 0 ? 25 : 6, true);
  return model;
}

const MODEL = learned();

function delayAt(elapsedMs: number, out: number): number {
  const calls = Array.from({ length: DSPS }, (_, index) => ({ model: MODEL, elapsedMs, isOver: index >= out }));
  return commonDelayMs(calls);
}

test('none on ordinary days: a few stragglers are expected', () => {
  expect(delayAt(20, 0)).toBe(0);
  expect(delayAt(20, 1)).toBe(0);
  expect(delayAt(20, 3)).toBe(0);
  expect(delayAt(3, DSPS)).toBe(0);
});

test('explains why most are still out after they usually have answered', () => {
  expect(delayAt(20, DSPS)).toBeGreaterThanOrEqual(13);
  expect(delayAt(20, DSPS)).toBeLessThanOrEqual(15);
  expect(delayAt(12, DSPS)).toBeLessThan(delayAt(20, DSPS));
});

test('is never more than the age of the calls, and counts for each from its own beginning', () => {
  expect(delayAt(5.5, DSPS)).toBe(0);
  const calls = Array.from({ length: DSPS }, (_, index) => ({ model: MODEL, elapsedMs: index / 4, isOver: false }));
  expect(commonDelayMs(calls)).toBe(0);
  expect(commonDelayMs([])).toBe(0);
});
