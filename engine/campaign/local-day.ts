/** Days of a time zone: each begins when its date does there, whatever daylight saving time makes of its length. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** `YYYY-MM-DD`. Throws a `RangeError` for a zone that is not known. */
export function localDay(atMs: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    // The Swedish way to write a date is ISO 8601's.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(timeZone, format);
  }
  return format.format(atMs);
}

/** The first millisecond that is not of the same day. */
export function localDayEnd(atMs: number, timeZone: string): number {
  const today = localDay(atMs, timeZone);
  // No day is longer than 25 hours but where a zone crossed the date line, and none of those is ahead of us.
  let same = atMs;
  let other = atMs + 26 * 3_600_000;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (localDay(middle, timeZone) === today) same = middle;
    else other = middle;
  }
  return other;
}

/** Whether it is an IANA name that is known here. */
export function isTimeZone(timeZone: string): boolean {
  try {
    localDay(0, timeZone);
    return true;
  } catch {
    return false;
  }
}
