/** A comparison for people who look at a terminal. */
import { textTable } from '../report/text-table.ts';
import type { ComparisonRecord, MetricComparison, PairedDifference } from './comparison-record.ts';
import { measuredMetrics } from './measured-metrics.ts';
import { meanOf } from './paired-difference.ts';

export function formatComparison(record: ComparisonRecord): string {
  const { name, arms, seeds } = record;
  const { measured, zero } = measuredMetrics(record);
  const rows = [['', ...arms.map((arm) => arm.name)], ...measured.map(rowOf)];
  const head = `${name}: ${seeds.length} seeds, compared with "${arms[0]!.name}" (mean difference, 95% confidence interval)`;
  const left = zero.length === 0 ? [] : ['', `0 in all worlds: ${zero.join(', ')}`];
  return [head, '', ...textTable(rows), ...left].join('\n');
}

/** Units that are written another way, and how many of them make one that is. */
const SCALES: Readonly<Record<string, { readonly name: string; readonly per: number }>> = {
  nanos: { name: 'exchange currency', per: 1e9 },
  share: { name: '%', per: 0.01 },
};

function rowOf({ metric, unit, values, differences }: MetricComparison): string[] {
  const { name, per } = SCALES[unit] ?? { name: unit, per: 1 };
  const means = values.map((runs) => meanOf(runs) / per);
  const cells = differences.map(
    (difference, index) => `${figure(means[index + 1]!)} ${differenceText(difference, per)}`,
  );
  return [`${metric} (${name})`, figure(means[0]!), ...cells];
}

function differenceText({ mean, lower, upper, relative }: PairedDifference, per: number): string {
  const share = relative === null ? signed(mean / per) : `${signed(relative * 100)}%`;
  return `(${share}; ${signed(lower / per)} to ${signed(upper / per)})`;
}

function signed(value: number): string {
  return value > 0 ? `+${figure(value)}` : figure(value);
}

/** Four digits that count. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}
