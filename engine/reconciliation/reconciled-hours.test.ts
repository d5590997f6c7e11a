import { expect, it } from 'vitest';
import type { ChargeVerdict } from './charge-verdict.ts';
import { HOUR_MS, ReconciledHours } from './reconciled-hours.ts';

const NOON_MS = Date.UTC(2026, 2, 10, 12);
const MINUTE_MS = 60_000;

const open = () => new ReconciledHours({ afterMs: 5 * MINUTE_MS, hoursBack: 2, keptMs: 24 * HOUR_MS });

function result(fromMs: number, verdicts: Partial<Record<ChargeVerdict, number>> = {}, unreconciledNanos = 0n) {
  return { fromMs, verdicts, unreconciledNanos, problems: 0 };
}

it('an hour is due once it has been over for a while, and once', () => {
  const hours = open();
  const at = (hour: number) => NOON_MS + hour * HOUR_MS;
  const due = hours.due(at(0) + 4 * MINUTE_MS);
  expect(due).toEqual([at(-3), at(-2)]);
  expect(hours.figures().untilMs).toBeNull();
  for (const startMs of due) hours.record(result(startMs, { agreed: 5 }));
  expect(hours.due(at(0) + 4 * MINUTE_MS)).toEqual([]);
  expect(hours.due(at(0) + 5 * MINUTE_MS)).toEqual([at(-1)]);
  hours.record(result(at(-1)));
  expect(hours.due(at(0) + 59 * MINUTE_MS)).toEqual([]);
  expect(hours.figures()).toMatchObject({ nanos: 0n, problems: 0, untilMs: at(0) });
  // After a long stop of whoever asks.
  expect(hours.due(at(3) + 5 * MINUTE_MS)).toEqual([at(0), at(1), at(2)]);
});

it('what differs or waits is looked at until it agrees, or is no longer archived', () => {
  const hours = open();
  const [first, second] = hours.due(NOON_MS + 5 * MINUTE_MS) as [number, number];
  hours.record(result(first, { double: 2, agreed: 1 }, 70n));
  hours.record(result(second, { pending: 1 }));
  expect(hours.due(NOON_MS + 6 * MINUTE_MS)).toEqual([first, second]);
  expect(hours.figures()).toMatchObject({ nanos: 70n, charges: { double: 2, 'other-fee': 0 } });
  hours.record(result(second, { 'missing-in-ledger': 1 }, 30n));
  expect(hours.figures()).toMatchObject({ nanos: 100n, charges: { double: 2, 'missing-in-ledger': 1 } });
  hours.record({ ...result(first), problems: 1 });
  expect(hours.figures()).toMatchObject({ nanos: 30n, problems: 1, untilMs: NOON_MS });
  hours.record(result(second, { agreed: 3 }));
  expect(hours.due(NOON_MS + 7 * MINUTE_MS)).toEqual([first]);
  hours.due(first + 24 * HOUR_MS + 1);
  expect(hours.figures()).toMatchObject({ nanos: 0n, problems: 0 });
});

it('what could not be looked at comes again, whatever became of the hours behind it', () => {
  const hours = open();
  const [first, second] = hours.due(NOON_MS + 5 * MINUTE_MS) as [number, number];
  hours.record(result(second));
  expect(hours.figures().untilMs).toBe(first);
  expect(hours.due(NOON_MS + 6 * MINUTE_MS)).toEqual([first]);
  hours.record(result(first));
  expect(hours.figures().untilMs).toBe(second + HOUR_MS);
});

it('what goes on to differ is looked at ever less often', () => {
  const hours = open();
  const looks: number[] = [];
  for (let minute = 5; minute < 64; minute += 1) {
    for (const startMs of hours.due(NOON_MS + minute * MINUTE_MS)) {
      hours.record(result(startMs, startMs === NOON_MS - HOUR_MS ? { double: 1 } : {}));
      if (startMs === NOON_MS - HOUR_MS) looks.push(minute - 5);
    }
  }
  expect(looks).toEqual([0, 1, 2, 4, 8, 16, 31, 46]);
});
