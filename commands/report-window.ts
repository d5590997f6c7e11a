/** The time that a report is about: whole days, or whole hours, in UTC. */
import { UsageError } from './usage-error.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Days before this one, when nobody says. */
const DAYS_STANDARD = 7;
const TIME = /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]))?$/;

/** Until before `toMs`. Both ends that are named belong to it. Throws a UsageError. */
export function reportWindow(
  { from, to }: { readonly from?: string; readonly to?: string },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const fromMs =
    from === undefined ? Math.floor(nowMs / DAY_MS - DAYS_STANDARD) * DAY_MS : timeOf('from', from).startMs;
  const toMs = to === undefined ? Math.floor(nowMs / HOUR_MS + 1) * HOUR_MS : timeOf('to', to).endMs;
  if (fromMs < toMs) return { fromMs, toMs };
  throw new UsageError(`--from must not be behind --to: ${from ?? 'a week ago'} is behind ${to ?? 'now'}`);
}

function timeOf(option: string, text: string): { readonly startMs: number; readonly endMs: number } {
  const [, day, hour] = TIME.exec(text) ?? [];
  const dayMs = day === undefined ? Number.NaN : Date.parse(day);
  // 30 February is parsed as the first or second of March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) {
    throw new UsageError(`--${option} must be a day, YYYY-MM-DD, or an hour, YYYY-MM-DDTHH, in UTC, is "${text}"`);
  }
  const startMs = dayMs + Number(hour ?? 0) * HOUR_MS;
  return { startMs, endMs: startMs + (hour === undefined ? DAY_MS : HOUR_MS) };
}
