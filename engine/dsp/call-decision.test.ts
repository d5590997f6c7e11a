import { expect, test } from 'vitest';
import { decideCall } from './call-decision.ts';

const LIMITS = { timeoutMs: 30, timeoutMsMin: 5, inFlightMax: 2 };

test.each([
  ['the DSP may take its whole time', 0, 90, { kind: 'call', timeoutMs: 30 }],
  ['the auction has less, in whole milliseconds', 0, 17.9, { kind: 'call', timeoutMs: 17 }],
  ['the least worth calling', 0, 5, { kind: 'call', timeoutMs: 5 }],
  ['a fraction less', 0, 4.99, { kind: 'skip', reason: 'no-time' }],
  ['the deadline is over', 0, -1, { kind: 'skip', reason: 'no-time' }],
  ['one place left', 1, 90, { kind: 'call', timeoutMs: 30 }],
  ['no place left', 2, 90, { kind: 'skip', reason: 'at-capacity' }],
  ['neither place nor time', 2, 0, { kind: 'skip', reason: 'at-capacity' }],
])('%s', (_name, inFlight, remainingMs, decision) => {
  expect(decideCall(LIMITS, inFlight, remainingMs)).toEqual(decision);
});
