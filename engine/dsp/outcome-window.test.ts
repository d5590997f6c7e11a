import { expect, it } from 'vitest';
import { OutcomeWindow } from './outcome-window.ts';

const OPTIONS = { windowMs: 10_000, sliceCount: 10 };

it('counts the outcomes of the window', () => {
  const window = new OutcomeWindow(OPTIONS, 0);
  expect([window.count, window.badRatio]).toEqual([0, 0]);
  window.record(true, 500);
  window.record(false, 1500);
  window.record(false, 2500);
  window.record(false, 9999);
  expect([window.count, window.badRatio]).toEqual([4, 0.25]);
  window.advance(10_000);
  expect([window.count, window.badRatio]).toEqual([3, 0]);
  window.record(true, 11_000);
  expect([window.count, window.badRatio]).toEqual([3, 1 / 3]);
  window.advance(1_000_000);
  expect([window.count, window.badRatio]).toEqual([0, 0]);
});

it('starts anew when cleared', () => {
  const window = new OutcomeWindow(OPTIONS, 0);
  window.record(true, 0);
  window.clear();
  expect([window.count, window.badRatio]).toEqual([0, 0]);
  window.advance(20_000);
  expect(window.count).toBe(0);
});
