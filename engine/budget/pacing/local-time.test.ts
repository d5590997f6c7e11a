import { describe, expect, it } from 'vitest';
import { LocalTime } from './local-time.ts';

const HOUR_MS = 3_600_000;

describe('local time', () => {
  it('counts slots of the week from Monday in the zone', () => {
    const utc = new LocalTime('UTC');
    expect(utc.slotOfWeek(Date.UTC(2026, 2, 2))).toBe(0);
    expect(utc.slotOfWeek(Date.UTC(2026, 2, 8, 23, 59))).toBe(671);
    expect(new LocalTime('Asia/Kolkata').slotOfWeek(Date.UTC(2026, 2, 1, 18, 30))).toBe(0);
  });

  it.each([
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 12), 23],
    ['Europe/Berlin', Date.UTC(2026, 9, 25, 12), 25],
    ['Europe/Berlin', Date.UTC(2026, 5, 1, 12), 24],
    ['Australia/Lord_Howe', Date.UTC(2026, 3, 5, 3), 24.5],
    // Midnight itself is skipped: the day begins at one.
    ['America/Santiago', Date.UTC(2026, 8, 6, 12), 23],
    ['Asia/Beirut', Date.UTC(2026, 2, 29, 12), 23],
  ])('%s on %d: %d hours', (zone, atMs, hours) => {
    const time = new LocalTime(zone);
    const startMs = time.dayStart(atMs);
    const endMs = time.nextDayStart(atMs);
    expect((endMs - startMs) / HOUR_MS).toBe(hours);
    expect(time.dayStart(startMs)).toBe(startMs);
    expect(time.dayStart(endMs - 1)).toBe(startMs);
    expect(time.dayStart(endMs)).toBe(endMs);
    expect(time.nextDayStart(startMs - 1)).toBe(startMs);
  });

  it('refuses a zone that does not exist', () => {
    expect(() => new LocalTime('Mars/Olympus')).toThrow(RangeError);
  });
});
