/**
 * Which day of its budget an account has: the date in its time zone. When the zone changes, the day that it had goes on
 * until the new zone's next midnight, so no date's budget is given twice and two dates' budgets are never out at a time.
 */
import { localDay, localDayEnd } from './local-day.ts';

export interface BudgetCalendar {
  readonly timeZone: string;
  /**
   * The day that went on when the zone was changed, and until when at least, epoch ms: its date may be ahead of the new
   * zone's for a day more. Null: the day is the zone's.
   */
  readonly held: { readonly day: string; readonly untilMs: number } | null;
}

/** `YYYY-MM-DD`. */
export function budgetDay({ timeZone, held }: BudgetCalendar, atMs: number): string {
  const day = localDay(atMs, timeZone);
  return held !== null && (atMs < held.untilMs || day < held.day) ? held.day : day;
}

/** The first millisecond that may be of another day. */
export function budgetDayEnd({ timeZone, held }: BudgetCalendar, atMs: number): number {
  return held !== null && atMs < held.untilMs ? held.untilMs : localDayEnd(atMs, timeZone);
}

export function withTimeZone(before: BudgetCalendar, timeZone: string, atMs: number): BudgetCalendar {
  if (timeZone === before.timeZone) return before;
  const day = budgetDay(before, atMs);
  if (day === localDay(atMs, timeZone)) return { timeZone, held: null };
  return { timeZone, held: { day, untilMs: localDayEnd(atMs, timeZone) } };
}
