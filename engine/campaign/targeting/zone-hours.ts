/** Hours of the week in a time zone. */

/**
 * Every offset in use, and every moment that it changes at, is a multiple of this: so the hour of the week is the same
 * everywhere within one of these slots of UTC, summer time or not.
 */
export const HOUR_SLOT_MS = 15 * 60_000;

const HOURS_PER_DAY = 24;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** Making a formatter costs a hundred times what using it does. One per time zone in use. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** 0 = Monday 00:00 to 167. Throws a `RangeError` for a zone that is none. */
export function hourOfWeek(timeZone: string, atMs: number): number {
  let weekday = 0;
  let hour = 0;
  for (const { type, value } of formatterOf(timeZone).formatToParts(atMs)) {
    if (type === 'weekday') weekday = WEEKDAYS.indexOf(value as (typeof WEEKDAYS)[number]);
    else if (type === 'hour') hour = Number(value);
  }
  return weekday * HOURS_PER_DAY + hour;
}

/** Throws a `RangeError` for a zone that is none. */
export function checkTimeZone(timeZone: string): void {
  formatterOf(timeZone);
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
