/** What a comparison found, in sentences. */
import type { ComparisonRecord, MetricComparison, PairedDifference } from '../../comparison/comparison-record.ts';
import type { DifferenceVerdict } from './forest-plot.ts';
import { metricScale, signed } from './metric-scale.ts';
import { plural, signedPercent } from './quantities.ts';

/** Of one metric and one arm. */
export interface Finding {
  readonly metric: string;
  readonly arm: string;
  readonly verdict: DifferenceVerdict;
  readonly sentence: string;
}

/** What it is about, in one line. */
export function comparisonHeadline({ arms, seeds }: ComparisonRecord): string {
  const [first, ...others] = arms.map(({ name }) => name);
  return `${others.join(' and ')} against ${first}, over ${plural(seeds.length, 'seed')}`;
}

/** A sentence for each arm but the first: what differed, and what did not. */
export function armSummaries({
  arms,
  metrics,
  seeds,
}: ComparisonRecord): { readonly arm: string; readonly text: string }[] {
  return arms.slice(1).map(({ name }, at) => {
    const differing: string[] = [];
    const alike: string[] = [];
    for (const metric of metrics) {
      const difference = metric.differences[at]!;
      const verdict = differenceVerdict(metric, difference, seeds.length);
      if (verdict === 'unclear') alike.push(metric.metric);
      else differing.push(`${metric.metric} ${changeText(metric, difference)} (${verdict})`);
    }
    const found = differing.length === 0 ? [] : [differing.join(', ')];
    const notFound = alike.length === 0 ? [] : [`no difference was found in ${alike.join(', ')}`];
    return { arm: name, text: `${[...found, ...notFound].join('; ')}.` };
  });
}

/** Relative where there is something to relate it to. */
function changeText({ unit }: MetricComparison, { mean, relative }: PairedDifference): string {
  const scale = metricScale(unit);
  return relative === null ? signed(scale.text(scale.drawn(mean)), mean) : signedPercent(relative);
}

/** One for each metric and arm but the first. */
export function findingsOf({ metrics, arms, seeds }: Pick<ComparisonRecord, 'metrics' | 'arms' | 'seeds'>): Finding[] {
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
  const against = `with ${arm} than with ${base}`;
  const share = relative === null ? '' : `${signedPercent(relative)}; `;
  if (mean === 0 && lower === 0 && upper === 0) return `${metric.metric} is exactly the same with ${arm} and ${base}.`;
  if (seedCount < 2) {
    return `${metric.metric} differs by ${meanText} between ${arm} and ${base} in the one run (${share}whether by chance cannot be said).`;
  }
  const figures = `(${share}mean difference ${meanText}, 95% interval ${lowerText} to ${upperText})`;
  const verdict = differenceVerdict(metric, difference, seedCount);
  if (verdict === 'unclear') {
    return `${metric.metric} does not differ between ${arm} and ${base} by more than chance would explain ${figures}.`;
  }
  return `${metric.metric} is ${mean > 0 ? 'higher' : 'lower'} ${against}, which is ${verdict} ${figures}.`;
}
