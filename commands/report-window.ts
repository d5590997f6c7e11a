/** The time that a report is about, in UTC: whole days, whole hours, or between moments. */
import { UsageError } from './usage-error.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Days before this one, when nobody says. */
const DAYS_STANDARD = 7;
const DAY_OR_HOUR = /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3])Z?)?$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?Z?$/;

/** Until before `toMs`. Days and hours that are named belong to it, at both ends. Throws a UsageError. */
export function reportWindow(
  { from, to }: { readonly from?: string; readonly to?: string },
  nowMs: number,
  daysStandard = DAYS_STANDARD,
): { readonly fromMs: number; readonly toMs: number } {
  const fromMs =
    from === undefined ? Math.floor(nowMs / DAY_MS - daysStandard) * DAY_MS : timeSpan('from', from).startMs;
  const toMs = to === undefined ? Math.floor(nowMs / HOUR_MS + 1) * HOUR_MS : timeSpan('to', to).endMs;
  if (fromMs < toMs) return { fromMs, toMs };
  throw new UsageError(
    `--from must not be behind --to: ${from ?? `${daysStandard} days ago`} is behind ${to ?? 'now'}`,
  );
}

/** A day, an hour or a moment as a span of epoch ms; a moment is both its ends. Throws a UsageError. */
export function timeSpan(option: string, text: string): { readonly startMs: number; readonly endMs: number } {
  const [, day, hour] = DAY_OR_HOUR.exec(text) ?? MOMENT.exec(text) ?? [];
  const dayMs = day === undefined ? Number.NaN : Date.parse(day);
  // 30 February is parsed as the first or second of March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) {
    throw new UsageError(
      `--${option} must be a day, YYYY-MM-DD, an hour, YYYY-MM-DDTHH, or a moment, YYYY-MM-DDTHH:MM, in UTC, is "${text}"`,
    );
  }
  if (MOMENT.test(text)) {
    const atMs = Date.parse(text.replace(/Z?$/, 'Z'));
    return { startMs: atMs, endMs: atMs };
  }
  const startMs = dayMs + Number(hour ?? 0) * HOUR_MS;
  return { startMs, endMs: startMs + (hour === undefined ? DAY_MS : HOUR_MS) };
}
