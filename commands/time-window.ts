/** `--from` and `--to` of commands that look at a stretch of time. */
import { UsageError } from './usage-error.ts';

export const WINDOW_OPTIONS = {
  from: {
    type: 'string',
    value: 'TIME',
    help: 'from then on: a day (2026-11-21), an hour (2026-11-21T14) or a moment (...T14:30:00Z), in UTC (default: a day before --to)',
  },
  to: { type: 'string', value: 'TIME', help: 'to the end of that day or hour, or until that moment (default: now)' },
} as const;

export interface TimeWindow {
  /** Epoch ms. */
  readonly fromMs: number;
  /** Until before, epoch ms. */
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Throws a UsageError. */
export function readWindow(options: { readonly from?: string; readonly to?: string }, nowMs: number): TimeWindow {
  const to = options.to === undefined ? { startMs: nowMs, lengthMs: 0 } : readTime('to', options.to);
  const toMs = to.startMs + to.lengthMs;
  const fromMs = options.from === undefined ? toMs - DAY_MS : readTime('from', options.from).startMs;
  if (fromMs >= toMs) throw new UsageError('--from must be before --to');
  return { fromMs, toMs };
}

const FORMS = [
  { form: /^\d{4}-\d\d-\d\d$/, rest: '', lengthMs: DAY_MS },
  { form: /^\d{4}-\d\d-\d\dT\d\dZ?$/, rest: ':00Z', lengthMs: HOUR_MS },
  { form: /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?$/, rest: 'Z', lengthMs: 0 },
] as const;

function readTime(option: string, text: string): { readonly startMs: number; readonly lengthMs: number } {
  const found = FORMS.find(({ form }) => form.test(text));
  const startMs =
    found === undefined ? Number.NaN : Date.parse(found.rest === '' ? text : text.replace(/Z?$/, found.rest));
  // `2026-02-30` would be taken for a day in March.
  if (found !== undefined && startMs >= 0 && new Date(startMs).toISOString().startsWith(text.slice(0, 13))) {
    return { startMs, lengthMs: found.lengthMs };
  }
  throw new UsageError(
    `--${option} must be a time in UTC, 2026-11-21, 2026-11-21T14 or 2026-11-21T14:30:00Z, is "${text}"`,
  );
}
