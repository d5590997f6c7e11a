/** How long publishers waited. */
import type { Percentiles } from '../../world/run-record.ts';
import { COLOURS, type Colour } from './palette.ts';
import { milliseconds } from './quantities.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';
import { type TimeSeries, timeChart } from './time-chart.ts';

export function latencySection(view: RunView): Section {
  return {
    id: 'latency',
    title: 'Latency',
    figures: [
      timeChart(view, {
        id: 'latency-percentiles',
        title: 'Latency of answers',
        description:
          'As publishers see it: half of the answers of a point took at most p50, 95 of 100 at most p95, 99 of 100 at most p99.',
        unit: 'ms',
        format: milliseconds,
        series: [
          series(view, 'p99', COLOURS.red, 'dotted'),
          series(view, 'p95', COLOURS.orange, 'dashed'),
          series(view, 'p50', COLOURS.blue, 'line'),
        ],
        whyEmpty: 'nothing was answered',
      }),
    ],
  };
}

function series(
  { slots }: RunView,
  name: keyof Percentiles,
  colour: Colour,
  mark: 'line' | 'dashed' | 'dotted',
): TimeSeries {
  return { name, colour, mark, values: slots.map(({ latencyMs }) => latencyMs?.[name] ?? null) };
}
