/** The value of a metric in every single run: a dot for each seed, a row for each arm. */
import type { Chart } from './figure.ts';
import { amountAxis, NAME_WIDTH_PX, nameAxis } from './forest-plot.ts';
import type { MetricScale } from './metric-scale.ts';
import { colourAt, INK } from './palette.ts';
import { count, drawable } from './quantities.ts';
import { sum } from './run-view.ts';
import type { ItemApi, ItemParams } from './time-axis.ts';

export interface SeedPlan {
  readonly id: string;
  readonly title: string;
  readonly arms: readonly string[];
  readonly seeds: readonly number[];
  /** By arm, then by seed; as drawn. */
  readonly values: readonly (readonly number[])[];
  readonly scale: MetricScale;
}

/** Dots of an arm: more are a blot. */
const DOTS_MAX = 400;

const ROW_HEIGHT_PX = 44;
const TOP_PX = 8;
const AXIS_HEIGHT_PX = 50;

export function seedPlot({ id, title, arms, seeds, values, scale }: SeedPlan): Chart {
  const height = arms.length * ROW_HEIGHT_PX;
  const dots = values.map((ofArm) => ofArm.slice(0, DOTS_MAX).map(drawable));
  return {
    kind: 'chart',
    id,
    title,
    description:
      'Each dot is one run, at the same height for the same seed in every row; the upright stroke is the mean of the row.',
    legend: [],
    heightPx: TOP_PX + height + AXIS_HEIGHT_PX,
    option: {
      grid: { left: NAME_WIDTH_PX, right: 30, top: TOP_PX, height },
      xAxis: { type: 'value', scale: true, ...amountAxis(scale.unit, scale.axis) },
      yAxis: nameAxis(arms),
      series: [dotSeries(dots), meanSeries(values)],
    },
    table: {
      columns: ['seed', ...arms],
      rows: seeds.map((seed, at) => [String(seed), ...values.map((ofArm) => scale.text(ofArm[at]!))]),
    },
    notes: seeds.length > DOTS_MAX ? [`Drawn are the first ${count(DOTS_MAX)} of ${count(seeds.length)} seeds.`] : [],
  };
}

/** Spread about the middle of a row, evenly for any number of seeds: multiples of the golden ratio fill gaps first. */
function offsetPx(seedIndex: number): number {
  return (((seedIndex * 0.618034) % 1) - 0.5) * ROW_HEIGHT_PX * 0.6;
}

function dotSeries(dots: readonly (readonly number[])[]): object {
  return {
    type: 'custom',
    silent: true,
    z: 3,
    data: dots.flatMap((ofArm, arm) => ofArm.map((value, seedIndex) => [value, arm, seedIndex])),
    encode: { x: 0, y: 1 },
    renderItem: (_params: ItemParams, api: ItemApi) => {
      const [cx, y] = api.coord([api.value(0), api.value(1)]) as [number, number];
      return {
        type: 'circle',
        shape: { cx, cy: y + offsetPx(api.value(2)), r: 4 },
        style: { fill: colourAt(api.value(1)), opacity: 0.65 },
      };
    },
  };
}

function meanSeries(values: readonly (readonly number[])[]): object {
  return {
    type: 'custom',
    silent: true,
    z: 4,
    data: values.map((ofArm, arm) => [drawable(sum(ofArm) / ofArm.length), arm]),
    encode: { x: 0, y: 1 },
    renderItem: (_params: ItemParams, api: ItemApi) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]) as [number, number];
      return {
        type: 'line',
        shape: { x1: x, x2: x, y1: y - ROW_HEIGHT_PX * 0.4, y2: y + ROW_HEIGHT_PX * 0.4 },
        style: { stroke: INK.text, lineWidth: 2.5 },
      };
    },
  };
}
