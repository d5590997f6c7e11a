/** The time of day within a run, in UTC, as its engines saw it. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from './quantities.ts';

export interface VirtualClock {
  /** Time of day at `ms` since the start of the run; with the date when the run lasts longer than a day. */
  readonly at: (ms: number) => string;
  /** From the start of the run to its end. */
  readonly spanMs: number;
  /** Where an axis of the whole run has its marks, ms since the start, and what is written at each. */
  readonly ticks: readonly { readonly ms: number; readonly label: string }[];
}

export function virtualClock(startedAtMs: number, spanMs: number): VirtualClock {
  const hasDates = spanMs > DAY_MS;
  const stepMs = TICK_STEPS_MS.find((step) => spanMs / step <= TICKS_MAX) ?? yearsOf(spanMs);
  const firstMs = Math.ceil(startedAtMs / stepMs) * stepMs - startedAtMs;
  const ticks = Array.from({ length: Math.max(0, Math.floor((spanMs - firstMs) / stepMs) + 1) }, (_, index) => {
    const ms = firstMs + index * stepMs;
    return { ms, label: tickLabel(startedAtMs + ms, stepMs, hasDates) };
  });
  return {
    spanMs,
    ticks,
    at: (ms) => {
      const time = new Date(startedAtMs + ms).toISOString();
      const seconds = time.slice(17, 19) === '00' && spanMs > 10 * MINUTE_MS ? '' : time.slice(16, 19);
      return `${hasDates ? `${dateOf(time)} ` : ''}${time.slice(11, 16)}${seconds}`;
    },
  };
}

const TICKS_MAX = 9;
const TICK_STEPS_MS = [
  ...[0.1, 0.5, 1, 2, 5, 10, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 56].map((days) => days * DAY_MS),
];

function yearsOf(spanMs: number): number {
  const yearMs = 365 * DAY_MS;
  return Math.ceil(spanMs / yearMs / TICKS_MAX) * yearMs;
}

function tickLabel(atMs: number, stepMs: number, hasDates: boolean): string {
  const time = new Date(atMs).toISOString();
  if (hasDates && time.slice(11, 19) === '00:00:00') return dateOf(time);
  return stepMs < MINUTE_MS ? time.slice(11, 19) : time.slice(11, 16);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov`. */
function dateOf(isoTime: string): string {
  return `${Number(isoTime.slice(8, 10))} ${MONTHS[Number(isoTime.slice(5, 7)) - 1]}`;
}
