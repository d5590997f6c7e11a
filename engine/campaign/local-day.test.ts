import { expect, test } from 'vitest';
import { isTimeZone, localDay, localDayEnd } from './local-day.ts';

test('a day is a date of its zone', () => {
  expect(localDay(Date.UTC(2026, 2, 10, 23, 30), 'Europe/Berlin')).toBe('2026-03-11');
  expect(localDay(Date.UTC(2026, 2, 10, 23, 30), 'America/New_York')).toBe('2026-03-10');
});

test.each([
  ['UTC', Date.UTC(2026, 0, 1, 5), Date.UTC(2026, 0, 2)],
  ['UTC', Date.UTC(2026, 0, 2) - 1, Date.UTC(2026, 0, 2)],
  // 23 and 25 hours.
  ['Europe/Berlin', Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22)],
  ['Europe/Berlin', Date.UTC(2026, 9, 24, 22), Date.UTC(2026, 9, 25, 23)],
  // The clocks of Santiago go forward at midnight: the day begins at 01:00.
  ['America/Santiago', Date.UTC(2026, 8, 5, 12), Date.UTC(2026, 8, 6, 4)],
  ['Asia/Kathmandu', Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 18, 15)],
  ['Pacific/Kiritimati', Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 10)],
])('in %s the day of %d ends with its date', (zone, atMs, endMs) => {
  expect(localDayEnd(atMs, zone)).toBe(endMs);
  expect(localDay(endMs - 1, zone)).toBe(localDay(atMs, zone));
  expect(localDay(endMs, zone)).not.toBe(localDay(atMs, zone));
});

test('names of zones are judged', () => {
  expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});
