/**
 * How our own metrics are handed to prom-client: its registry asks each registered object for its samples when it is
 * scraped. Counting stays ours, because prom-client hashes the labels at every increment.
 */
import type { Metric, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Set when it is not the metric's own (`_bucket`, `_sum`, `_count`). */
  readonly metricName?: string;
}

/** How the series of several processes become one; `first` for what is the same in all. */
export type Aggregator = 'sum' | 'average' | 'max' | 'first';

export interface MetricSnapshot {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: Aggregator;
  readonly values: readonly Sample[];
}

export interface ExposedMetric {
  readonly name: string;
  readonly get: () => Promise<MetricSnapshot>;
}

/** The registry uses `name` and `get` of a metric only; its types ask for a class of its own. */
export function register<T extends ExposedMetric>(registry: Registry, metric: T): T {
  registry.registerMetric(metric as unknown as Metric);
  return metric;
}

/** Identity of a series within its metric. */
export function formatLabels(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
