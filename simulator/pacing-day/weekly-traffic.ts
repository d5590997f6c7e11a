/** Our own picture of a week of traffic: quiet nights, a lunch bump, long evenings, later and fuller weekends. */

/** By hour, Monday to Friday and at the weekend, relative. */
const WEEKDAY = [26, 17, 12, 10, 11, 18, 34, 52, 62, 66, 70, 76, 84, 80, 72, 70, 74, 82, 92, 101, 108, 104, 82, 50];
const WEEKEND = [38, 27, 18, 13, 11, 13, 20, 34, 52, 70, 82, 88, 90, 88, 86, 86, 88, 92, 98, 104, 106, 98, 80, 56];

const HOURS = 24;

/** Relative traffic at a moment of the week; interpolated between the middles of hours. */
export function weeklyTraffic(hourOfWeek: number): number {
  const before = Math.floor(hourOfWeek - 0.5);
  const part = hourOfWeek - 0.5 - before;
  return ofHour(before) * (1 - part) + ofHour(before + 1) * part;
}

function ofHour(hour: number): number {
  const wrapped = (hour + 7 * HOURS) % (7 * HOURS);
  return (Math.floor(wrapped / HOURS) < 5 ? WEEKDAY : WEEKEND)[wrapped % HOURS]!;
}
