import { expect, test } from 'vitest';
import { PhaseTally } from './load/phase-tally.ts';
import { recoverySec } from './overload.ts';

/** Per second how many are answered 200 after so many ms, and how many are refused. */
function phase(
  seconds: readonly { readonly good: number; readonly ms: number; readonly refused?: number }[],
): PhaseTally {
  const tally = new PhaseTally({ startMs: 0, seconds: seconds.length, deadlineMs: 200 });
  seconds.forEach(({ good, ms, refused = 0 }, second) => {
    for (let index = 0; index < good; index++) tally.ended(second * 1000, second * 1000 + ms, 200);
    for (let index = 0; index < refused; index++) tally.ended(second * 1000, second * 1000 + 1, 429);
  });
  return tally;
}

const BEFORE = phase([{ good: 100, ms: 20 }]);
const CALM = { good: 100, ms: 25 };

test.each([
  ['at once', [CALM, CALM, CALM], 0],
  ['when nobody is refused any more', [{ ...CALM, refused: 50 }, { ...CALM, refused: 2 }, CALM, CALM], 2],
  ['when latency is back', [{ good: 100, ms: 30 }, CALM, CALM], 1],
  ['when that lasts', [CALM, { good: 100, ms: 190 }, CALM, CALM], 2],
  ['never', [CALM, { good: 100, ms: 190 }, { good: 100, ms: 300 }], 3],
])('recovered %s', (_name, seconds, expected) => {
  expect(recoverySec(BEFORE, phase(seconds))).toBe(expected);
});

test('good is 200 within the deadline; the rest is refused or failed', () => {
  const tally = new PhaseTally({ startMs: 0, seconds: 1, deadlineMs: 200 });
  expect(tally.ended(10, 200, 200)).toBe(true);
  for (const [status, nowMs] of [
    [200, 211],
    [429, 12],
    [500, 12],
    [0, 3010],
  ] as const) {
    expect(tally.ended(10, nowMs, status)).toBe(false);
  }
  expect(tally.goodPerSec).toBe(1);
  expect(tally.refusedCount).toBe(1);
  expect(tally.failedCount).toBe(3);
  expect(tally.admitted.count).toBe(2);
});
