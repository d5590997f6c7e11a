import { LatencyHistogram } from '../traffic/latency-histogram.ts';
import type { IntervalFigures, Percentiles } from './run-record.ts';

/** What is counted of an interval, or of a whole run. */
export class IntervalTally {
  readonly fromMs: number;
  requests = 0;
  answered = 0;
  filled = 0;
  readonly shed = new Map<string, number>();
  unanswered = 0;
  impressions = 0;
  clicks = 0;
  revenueNanos = 0;
  advertiserValueNanos = 0;
  dspCalls = 0;
  cpuMs = 0;
  fallbacks = 0;
  readonly latency = new LatencyHistogram();

  constructor(fromMs: number) {
    this.fromMs = fromMs;
  }

  figures(): IntervalFigures {
    const { latency, shed, ...counts } = this;
    return { ...counts, shed: sortedCounts(shed), latencyMs: percentilesOf(latency) };
  }
}

/** Null: nothing was recorded. */
export function percentilesOf(histogram: LatencyHistogram): Percentiles | null {
  if (histogram.count === 0) return null;
  const { p50Ms, p95Ms, p99Ms, maxMs } = histogram.summary();
  return { p50: p50Ms, p95: p95Ms, p99: p99Ms, max: maxMs };
}

/** In the order of their names, whatever came first. */
export function sortedCounts(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function count(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
