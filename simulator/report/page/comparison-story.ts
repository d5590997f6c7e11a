/** What a comparison found, in sentences. */
import type { ComparisonRecord, MetricComparison, PairedDifference } from '../../comparison/comparison-record.ts';
import type { DifferenceVerdict } from './forest-plot.ts';
import { metricScale, signed } from './metric-scale.ts';
import { plural, signedPercent } from './quantities.ts';

export interface Finding {
  readonly metric: string;
  readonly arm: string;
  readonly verdict: DifferenceVerdict;
  /** `revenue: …`, whole. */
  readonly sentence: string;
}

/** The whole of it in one line. */
export function comparisonHeadline({ arms, seeds }: ComparisonRecord): string {
  const [first, ...others] = arms.map(({ name }) => name);
  return `${others.join(', ')} against ${first}, over ${plural(seeds.length, 'seed')}`;
}

/** A sentence for each metric and arm but the first. */
export function findingsOf({ metrics, arms, seeds }: ComparisonRecord): Finding[] {
  const base = arms[0]!.name;
  return metrics.flatMap((metric) =>
    metric.differences.map((difference) => ({
      metric: metric.metric,
      arm: difference.arm,
      verdict: differenceVerdict(metric, difference, seeds.length),
      sentence: sentenceOf(metric, difference, base, seeds.length),
    })),
  );
}

/** Clear when the interval does not contain 0, and there was more than one run to make an interval of. */
export function differenceVerdict(
  { higherIsBetter }: Pick<MetricComparison, 'higherIsBetter'>,
  { lower, upper }: PairedDifference,
  seedCount: number,
): DifferenceVerdict {
  if (seedCount < 2 || (lower <= 0 && upper >= 0)) return 'unclear';
  return lower > 0 === higherIsBetter ? 'better' : 'worse';
}

function sentenceOf(metric: MetricComparison, difference: PairedDifference, base: string, seedCount: number): string {
  const { arm, mean, lower, upper, relative } = difference;
  const scale = metricScale(metric.unit);
  const [meanText, lowerText, upperText] = [mean, lower, upper].map((value) =>
    signed(scale.text(scale.drawn(value)), value),
  );
  const subject = `${metric.metric}, ${arm} against ${base}`;
  if (mean === 0 && lower === 0 && upper === 0) return `${subject}: exactly the same.`;
  const share = relative === null ? '' : `${signedPercent(relative)}, `;
  if (seedCount < 2) return `${subject}: ${share}${meanText} in the one run; nothing can be said about chance.`;
  const figures = `${share}mean difference ${meanText}, 95% interval ${lowerText} to ${upperText}`;
  const verdict = differenceVerdict(metric, difference, seedCount);
  if (verdict === 'unclear') return `${subject}: no difference was found (${figures}).`;
  return `${subject}: ${mean > 0 ? 'higher' : 'lower'}, which is ${verdict} (${figures}).`;
}
