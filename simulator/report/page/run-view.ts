/** What all charts of a run share: its time axis, its intervals as they are drawn, and its faults as bands. */
import type { IntervalFigures, Percentiles, RunRecord } from '../../world/run-record.ts';
import { type FaultBands, faultBands } from './fault-bands.ts';
import { lengthOfTime } from './quantities.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

/** One or more intervals of the record next to each other: as much as a chart can tell apart. */
export interface Slot extends IntervalFigures {
  readonly untilMs: number;
}

export interface RunView {
  readonly record: RunRecord;
  /** Before every id of the run on the page: a comparison shows several runs. */
  readonly idPrefix: string;
  readonly clock: VirtualClock;
  readonly slots: readonly Slot[];
  /** `10 min`: how long each is, but the last one may be shorter. */
  readonly slotLength: string;
  /** What charts over time have to say about their slots; empty: nothing. */
  readonly slotNotes: readonly string[];
  readonly bands: FaultBands;
  /** Of a list with an entry per interval of the record: an entry per slot, made of those of the slot. */
  readonly bySlot: (values: readonly number[], merge: (values: readonly number[]) => number) => number[];
}

/** Points of a curve: more are not told apart on a page. */
const SLOTS_MAX = 360;

export function runView(record: RunRecord, idPrefix: string): RunView {
  const { intervals, intervalMs, durationMs, startedAtMs } = record;
  const perSlot = Math.max(1, Math.ceil(intervals.length / SLOTS_MAX));
  const clock = virtualClock(startedAtMs, durationMs);
  const slots: Slot[] = [];
  for (let at = 0; at < intervals.length; at += perSlot) {
    const untilMs = intervals[at + perSlot]?.fromMs ?? durationMs;
    slots.push({ ...intervals.slice(at, at + perSlot).reduce(merged), untilMs });
  }
  return {
    record,
    idPrefix,
    clock,
    slots,
    slotLength: lengthOfTime(intervalMs * perSlot),
    slotNotes:
      perSlot === 1
        ? []
        : [
            `Drawn are ${slots.length} points, each of ${perSlot} intervals of ${lengthOfTime(intervalMs)}: counts and money are added up, of percentiles, shares of time and levels the highest is shown. The record has every interval.`,
          ],
    bands: faultBands(record.faults, clock),
    bySlot: (values, merge) => {
      const merges: number[] = [];
      for (let at = 0; at < values.length; at += perSlot) merges.push(merge(values.slice(at, at + perSlot)));
      return merges;
    },
  };
}

function merged(a: IntervalFigures, b: IntervalFigures): IntervalFigures {
  return {
    fromMs: a.fromMs,
    requests: a.requests + b.requests,
    answered: a.answered + b.answered,
    filled: a.filled + b.filled,
    shed: mergedCounts(a.shed, b.shed),
    unanswered: a.unanswered + b.unanswered,
    impressions: a.impressions + b.impressions,
    clicks: a.clicks + b.clicks,
    revenueNanos: a.revenueNanos + b.revenueNanos,
    advertiserValueNanos: a.advertiserValueNanos + b.advertiserValueNanos,
    dspCalls: a.dspCalls + b.dspCalls,
    cpuMs: a.cpuMs + b.cpuMs,
    latencyMs: highest(a.latencyMs, b.latencyMs),
    fallbacks: a.fallbacks + b.fallbacks,
  };
}

function mergedCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sums = new Map(Object.entries(a));
  for (const [name, times] of Object.entries(b)) sums.set(name, (sums.get(name) ?? 0) + times);
  return Object.fromEntries(sums);
}

/** Percentiles of several intervals cannot be put together; the highest hides no spike. */
function highest(a: Percentiles | null, b: Percentiles | null): Percentiles | null {
  if (a === null || b === null) return a ?? b;
  return {
    p50: Math.max(a.p50, b.p50),
    p95: Math.max(a.p95, b.p95),
    p99: Math.max(a.p99, b.p99),
    max: Math.max(a.max, b.max),
  };
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Requests refused in an interval, for whatever cause. */
export function shedCount({ shed }: Pick<IntervalFigures, 'shed'>): number {
  return sum(Object.values(shed));
}

/** As `merge` of `bySlot`. */
export function last(values: readonly number[]): number {
  return values.at(-1) ?? 0;
}

/** As `merge` of `bySlot`. */
export function maximum(values: readonly number[]): number {
  return Math.max(...values);
}
