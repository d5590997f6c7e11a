/**
 * The metrics of several processes as one. Each metric says how its series are put together (`aggregator`); counts of
 * processes that have ended stay in the sums, which therefore never go back.
 */
import { AggregatorRegistry, type PrometheusContentType, type Registry } from 'prom-client';
import type { MetricSnapshot } from './exposition.ts';

export class MetricSums {
  #ended: readonly MetricSnapshot[] = [];

  /** Keeps what an ended process has counted. Its states (gauges) ended with it. */
  keep(metrics: readonly MetricSnapshot[]): void {
    // prom-client says "summary" for quantiles, which do not add up; we have none.
    const counted = metrics.filter(({ type }) => type === 'counter' || type === 'histogram');
    this.#ended = merged([this.#ended, counted]);
  }

  /** The text of `GET /metrics`. */
  text(processes: readonly (readonly MetricSnapshot[])[]): Promise<string> {
    return aggregate([...processes, this.#ended]).metrics();
  }
}

function merged(snapshots: readonly (readonly MetricSnapshot[])[]): MetricSnapshot[] {
  // Aggregated metrics are what `get` gives, with nothing to wait for.
  return aggregate(snapshots).getMetricsAsArray() as unknown as MetricSnapshot[];
}

function aggregate(snapshots: readonly (readonly MetricSnapshot[])[]): Registry<PrometheusContentType> {
  return AggregatorRegistry.aggregate<PrometheusContentType>(snapshots as MetricSnapshot[][]);
}
