/** What occurs in the worlds of a comparison at all: a metric that is 0 in every run of every arm tells nothing of them. */
import type { ComparisonRecord, MetricComparison } from './comparison-record.ts';

export interface MeasuredMetrics {
  readonly measured: readonly MetricComparison[];
  /** Names of the others. */
  readonly zero: readonly string[];
}

export function measuredMetrics({ metrics }: Pick<ComparisonRecord, 'metrics'>): MeasuredMetrics {
  const isMeasured = ({ values }: MetricComparison): boolean => values.some((runs) => runs.some((run) => run !== 0));
  return {
    measured: metrics.filter(isMeasured),
    zero: metrics.filter((metric) => !isMeasured(metric)).map(({ metric }) => metric),
  };
}
