/** Mean differences with their confidence intervals, a row each, about the line of no difference. */
import type { Chart, Table } from './figure.ts';
import { fittingText } from './fitting-text.ts';
import { COLOURS, type Colour, INK } from './palette.ts';
import { drawable } from './quantities.ts';
import { FONT_SIZE_PX } from './svg-chart.ts';
import type { ItemApi, ItemParams } from './time-axis.ts';

/** In the unit of the plot. */
export interface ForestRow {
  readonly name: string;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
  readonly verdict: DifferenceVerdict;
}

export type DifferenceVerdict = 'better' | 'worse' | 'unclear';

export interface ForestPlan {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly ForestRow[];
  readonly unit: string;
  readonly axisFormat: (value: number) => string;
  readonly table: Table;
}

const VERDICT_COLOURS: Readonly<Record<DifferenceVerdict, Colour>> = {
  better: COLOURS.green,
  worse: COLOURS.red,
  unclear: COLOURS.grey,
};

const VERDICT_NAMES: Readonly<Record<DifferenceVerdict, string>> = {
  better: 'better',
  worse: 'worse',
  unclear: 'no difference found',
};

export const NAME_WIDTH_PX = 230;
/** Between a name and the plot. */
const NAME_GAP_PX = 12;
const ROW_HEIGHT_PX = 34;
const TOP_PX = 8;
const AXIS_HEIGHT_PX = 50;

export function forestPlot({ id, title, description, rows, unit, axisFormat, table }: ForestPlan): Chart {
  const height = rows.length * ROW_HEIGHT_PX;
  const verdicts = (Object.keys(VERDICT_NAMES) as DifferenceVerdict[]).filter((verdict) =>
    rows.some((row) => row.verdict === verdict),
  );
  return {
    kind: 'chart',
    id,
    title,
    description,
    legend: verdicts.map((verdict) => ({
      label: VERDICT_NAMES[verdict],
      colour: VERDICT_COLOURS[verdict],
      mark: 'line',
    })),
    heightPx: TOP_PX + height + AXIS_HEIGHT_PX,
    option: {
      grid: { left: NAME_WIDTH_PX, right: 30, top: TOP_PX, height },
      xAxis: {
        type: 'value',
        ...bounds(rows),
        ...amountAxis(unit, axisFormat),
      },
      yAxis: nameAxis(rows.map(({ name }) => name)),
      series: [zeroSeries(), intervalSeries(rows)],
    },
    table,
    notes: [],
  };
}

/** No difference is always in sight, and nothing touches the border. */
function bounds(rows: readonly ForestRow[]): { readonly min: number; readonly max: number } {
  const lowest = Math.min(0, ...rows.map(({ lower }) => drawable(lower)));
  const highest = Math.max(0, ...rows.map(({ upper }) => drawable(upper)));
  const margin = (highest - lowest || 1) * 0.06;
  return { min: lowest - margin, max: highest + margin };
}

/** Of ECharts: the lower axis of plots with a row for each arm. */
export function amountAxis(unit: string, axisFormat: (value: number) => string): object {
  const label = { color: INK.muted, fontSize: FONT_SIZE_PX, fontFamily: 'inherit' };
  return {
    name: unit,
    nameLocation: 'middle',
    nameGap: 30,
    nameTextStyle: label,
    splitNumber: 6,
    axisLine: { show: true, onZero: false, lineStyle: { color: INK.muted } },
    axisLabel: { ...label, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: axisFormat },
    splitLine: { lineStyle: { color: INK.rule } },
  };
}

/** Of ECharts: names of rows, the first on top. */
export function nameAxis(names: readonly string[]): object {
  return {
    type: 'category',
    inverse: true,
    data: names.map((name) => fittingText(name, NAME_WIDTH_PX - NAME_GAP_PX)),
    axisTick: { show: false },
    axisLine: { show: false },
    axisLabel: { color: INK.text, fontSize: FONT_SIZE_PX, interval: 0 },
  };
}

function zeroSeries(): object {
  return {
    type: 'custom',
    silent: true,
    z: 1,
    data: [[0]],
    encode: { x: 0, y: [] },
    renderItem: ({ coordSys }: ItemParams, api: ItemApi) => {
      const x = api.coord([0, 0])[0]!;
      return {
        type: 'line',
        shape: { x1: x, x2: x, y1: coordSys.y, y2: coordSys.y + coordSys.height },
        style: { stroke: INK.muted, lineWidth: 1.5, lineDash: [5, 4] },
      };
    },
  };
}

const CAP_PX = 6;

function intervalSeries(rows: readonly ForestRow[]): object {
  return {
    type: 'custom',
    silent: true,
    z: 5,
    data: rows.map(({ mean, lower, upper }, at) => [...[lower, mean, upper].map(drawable), at]),
    encode: { x: [0, 1, 2], y: 3 },
    renderItem: (params: ItemParams, api: ItemApi) => {
      const [left, y] = api.coord([api.value(0), api.value(3)]) as [number, number];
      const middle = api.coord([api.value(1), api.value(3)])[0]!;
      const right = api.coord([api.value(2), api.value(3)])[0]!;
      const colour = VERDICT_COLOURS[rows[params.dataIndex]!.verdict];
      const stroke = { stroke: colour, lineWidth: 2.5 };
      return {
        type: 'group',
        children: [
          { type: 'line', shape: { x1: left, x2: right, y1: y, y2: y }, style: stroke },
          { type: 'line', shape: { x1: left, x2: left, y1: y - CAP_PX, y2: y + CAP_PX }, style: stroke },
          { type: 'line', shape: { x1: right, x2: right, y1: y - CAP_PX, y2: y + CAP_PX }, style: stroke },
          { type: 'circle', shape: { cx: middle, cy: y, r: 5.5 }, style: { fill: colour } },
        ],
      };
    },
  };
}
