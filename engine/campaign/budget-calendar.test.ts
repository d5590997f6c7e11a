import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type BudgetCalendar, budgetDay, budgetDayEnd, withTimeZone } from './budget-calendar.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 2, 10, 12);
const utc: BudgetCalendar = { timeZone: 'UTC', held: null };

it('has the days of its time zone', () => {
  const berlin = { timeZone: 'Europe/Berlin', held: null };
  expect(budgetDay(berlin, Date.UTC(2026, 2, 10, 23))).toBe('2026-03-11');
  expect(budgetDayEnd(berlin, NOON_MS)).toBe(Date.UTC(2026, 2, 10, 23));
});

it('goes on with its day until the next midnight of a zone that is a date ahead', () => {
  const ahead = withTimeZone(utc, 'Pacific/Kiritimati', NOON_MS);
  const midnightMs = Date.UTC(2026, 2, 11, 10);
  expect([budgetDay(ahead, NOON_MS), budgetDayEnd(ahead, NOON_MS)]).toEqual(['2026-03-10', midnightMs]);
  expect(budgetDay(ahead, midnightMs - 1)).toBe('2026-03-10');
  expect([budgetDay(ahead, midnightMs), budgetDayEnd(ahead, midnightMs)]).toEqual([
    '2026-03-12',
    midnightMs + 24 * HOUR_MS,
  ]);
  expect(withTimeZone(ahead, 'UTC', NOON_MS + 1)).toEqual(utc);
});

it('gives no date back to a zone that is a date behind', () => {
  const behind = withTimeZone(utc, 'America/Los_Angeles', Date.UTC(2026, 2, 11, 1));
  expect(budgetDay(behind, Date.UTC(2026, 2, 11, 1))).toBe('2026-03-11');
  expect(budgetDay(behind, Date.UTC(2026, 2, 11, 20))).toBe('2026-03-11');
});

it('however often the zone is changed, days only go forward and begin at midnights of the zone in force', () => {
  const zones = ['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Pacific/Pago_Pago', 'Asia/Kolkata'];
  const change = fc.record({ zone: fc.constantFrom(...zones), afterMs: fc.integer({ min: 0, max: 30 * HOUR_MS }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let calendar = utc;
      let atMs = NOON_MS;
      for (const { zone, afterMs } of changes) {
        const before = budgetDay(calendar, atMs);
        const endMs = budgetDayEnd(calendar, atMs);
        atMs += afterMs;
        const day = budgetDay(calendar, atMs);
        expect(day >= before).toBe(true);
        if (atMs < endMs) expect(day).toBe(before);
        calendar = withTimeZone(calendar, zone, atMs);
        expect(budgetDay(calendar, atMs)).toBe(day);
      }
    }),
  );
});
