import { expect, test } from 'vitest';
import { createFaultPolicy } from './fault-policy.ts';

test('goes on after as many faults as the window may hold, however often that happens, and drains after one more', () => {
  let nowMs = 0;
  const uncaught = createFaultPolicy({ faultsMax: 3, windowMs: 1000 }, { wallMs: () => 0, monotonicMs: () => nowMs });
  for (let minute = 0; minute < 5; minute++) {
    expect([uncaught(), uncaught(), uncaught()]).toEqual(['go-on', 'go-on', 'go-on']);
    nowMs += 1000;
  }
  expect([uncaught(), uncaught(), uncaught(), uncaught()]).toEqual(['go-on', 'go-on', 'go-on', 'drain']);
});
