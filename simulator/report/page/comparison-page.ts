/** The parts of the page that are of a comparison: what was found, the evidence, and a run of each arm to look at. */
import type { ComparisonRecord, MetricComparison } from '../../comparison/comparison-record.ts';
import { measuredMetrics } from '../../comparison/measured-metrics.ts';
import { armSummaries, comparisonHeadline, differenceVerdict, findingsOf } from './comparison-story.ts';
import { type Figure, isChart, leftOut, renderChart } from './figure.ts';
import { type ForestRow, forestPlot } from './forest-plot.ts';
import { html, type Markup } from './markup.ts';
import { metricScale, signed } from './metric-scale.ts';
import { axisPercent, plural, signedPercent } from './quantities.ts';
import { renderRun } from './run-page.ts';
import { sum } from './run-view.ts';
import { seedPlot } from './seed-plot.ts';
import { storyOf } from './story.ts';

export function renderComparison(whole: ComparisonRecord): Markup {
  const { measured, zero } = measuredMetrics(whole);
  const record = { ...whole, metrics: measured };
  const { name, arms, metrics, seeds } = record;
  const overview = overviewPlot(record);
  return html`<p class="kicker">Gavel comparison · ${name}</p><h1>${comparisonHeadline(record)}</h1>
<ul class="story">${armSummaries(record).map(({ arm, text }) => html`<li><b>${arm}</b>: ${text}</li>`)}</ul>
${renderIdentity(record)}
<nav aria-label="Parts of the comparison"><ul>
${metrics.map(({ metric }, at) => html`<li><a href="#metric-${at}">${metric}</a></li>`)}
${arms.map((arm, at) => html`<li><a href="#arm-${at}">example: ${arm.name}</a></li>`)}
</ul></nav>
<section id="overview"><h2>All metrics</h2>
<p>Each arm was run on the same ${plural(seeds.length, 'seed')} as ${arms[0]!.name}, with the same traffic, users and faults; differences are taken seed by seed. An interval that does not touch the line of no difference is hardly chance: of twenty intervals about nothing, one misses it all the same.</p>
${isChart(overview) ? renderChart(overview) : html`<p class="note">${overview.title} is left out: ${overview.why}.</p>`}
${zero.length === 0 ? '' : html`<p class="note">Not shown, because they are 0 in every run of every arm: ${zero.join(', ')}.</p>`}
</section>
${metrics.map((metric, at) => renderMetric(record, metric, at))}
${arms.map(({ name: arm, example }, at) => {
  const heading = html`<h2>Example run of ${arm}: ${storyOf(example).headline}</h2>`;
  return html`<section class="arm" id="arm-${at}">${renderRun(example, heading, `arm-${at}-`)}</section>
`;
})}`;
}

function renderIdentity({ arms, commit, command, seeds }: ComparisonRecord): Markup {
  return html`<div class="identity">This repeats the comparison, from the root of the project at commit <code>${commit}</code>:
<code class="command">${command}</code>
<dl><dt>seeds</dt><dd><code>${seedList(seeds)}</code></dd>
${arms.map(({ name, scenarioHash }, at) => html`<dt>${at === 0 ? 'compared with' : 'arm'}</dt><dd><a href="#arm-${at}">${name}</a> <code>${scenarioHash}</code></dd>`)}</dl></div>`;
}

function seedList(seeds: readonly number[]): string {
  const first = seeds[0] ?? 0;
  const isRun = seeds.length > 2 && seeds.every((seed, at) => seed === first + at);
  return isRun ? `${first} to ${seeds.at(-1)}` : seeds.join(', ');
}

/** In shares of the first arm, so that metrics of all units stand below each other. */
function overviewPlot({ metrics, arms, seeds }: ComparisonRecord): Figure {
  const title = 'Differences in shares of the first arm';
  const rows = metrics.flatMap((metric): ForestRow[] => {
    const base = meanOf(metric.values[0]!);
    if (base === 0) return [];
    return metric.differences.map((difference) => ({
      name: arms.length > 2 ? `${metric.metric}: ${difference.arm}` : metric.metric,
      mean: difference.mean / Math.abs(base),
      // The ends are those of the difference itself, scaled: the mean of the first arm is taken for certain.
      lower: difference.lower / Math.abs(base),
      upper: difference.upper / Math.abs(base),
      verdict: differenceVerdict(metric, difference, seeds.length),
    }));
  });
  if (rows.length === 0) return leftOut(title, 'all metrics of the first arm are 0');
  return forestPlot({
    id: 'overview-forest',
    title,
    description: `Dot: mean difference from ${arms[0]!.name}. Line: its 95% confidence interval. Dashed: no difference.`,
    rows,
    unit: `difference, share of the mean of ${arms[0]!.name}`,
    axisFormat: (value) => signed(axisPercent(value), value),
    table: {
      columns: ['metric', 'difference', 'from', 'to'],
      rows: rows.map(({ name, mean, lower, upper }) => [name, ...[mean, lower, upper].map(signedPercent)]),
    },
  });
}

function renderMetric(record: ComparisonRecord, metric: MetricComparison, index: number): Markup {
  const findings = findingsOf({ ...record, metrics: [metric] });
  const charts = [differencePlot(record, metric, index), valuePlot(record, metric, index)].filter(isChart);
  return html`<section id="metric-${index}"><h2>${metric.metric}</h2>
${findings.map(({ sentence, verdict }) => html`<p class="${verdict}">${sentence}</p>`)}
<p class="note">${metric.higherIsBetter ? 'Higher is better.' : 'Lower is better.'}</p>
${charts.map(renderChart)}</section>
`;
}

function differencePlot({ arms, seeds }: ComparisonRecord, metric: MetricComparison, index: number): Figure {
  const scale = metricScale(metric.unit);
  const base = arms[0]!.name;
  const written = (value: number) => signed(scale.text(scale.drawn(value)), value);
  return forestPlot({
    id: `metric-${index}-forest`,
    title: `${metric.metric}: difference from ${base}`,
    description:
      'Dot: mean of the differences by seed. Line: 95% confidence interval of that mean. Dashed: no difference.',
    rows: metric.differences.map((difference) => ({
      name: difference.arm,
      mean: scale.drawn(difference.mean),
      lower: scale.drawn(difference.lower),
      upper: scale.drawn(difference.upper),
      verdict: differenceVerdict(metric, difference, seeds.length),
    })),
    unit: `difference, ${scale.unit}`,
    axisFormat: (value) => signed(scale.axis(value), value),
    table: {
      columns: ['arm', 'mean', 'difference', '95% from', 'to', 'relative'],
      rows: [
        [base, scale.text(scale.drawn(meanOf(metric.values[0]!))), '–', '–', '–', '–'],
        ...metric.differences.map(({ arm, mean, lower, upper, relative }, at) => [
          arm,
          scale.text(scale.drawn(meanOf(metric.values[at + 1]!))),
          ...[mean, lower, upper].map(written),
          relative === null ? '–' : signedPercent(relative),
        ]),
      ],
    },
  });
}

function valuePlot({ arms, seeds }: ComparisonRecord, metric: MetricComparison, index: number): Figure {
  const scale = metricScale(metric.unit);
  return seedPlot({
    id: `metric-${index}-seeds`,
    title: `${metric.metric}: every run`,
    arms: arms.map(({ name }) => name),
    seeds,
    values: metric.values.map((ofArm) => ofArm.map(scale.drawn)),
    scale,
  });
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
