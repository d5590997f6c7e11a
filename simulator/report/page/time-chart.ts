/** Curves over the time of a run. */
import { type Figure, type LegendEntry, leftOut, type Table } from './figure.ts';
import { shortText } from './markup.ts';
import type { Colour } from './palette.ts';
import { compact, drawable } from './quantities.ts';
import type { RunView } from './run-view.ts';
import { AXIS_HEIGHT_PX, bandSeries, PLOT_LEFT_PX, PLOT_RIGHT_PX, timeAxis, valueAxis } from './time-axis.ts';

export interface TimeSeries {
  readonly name: string;
  readonly colour: Colour;
  /** By slot; null: there is none. */
  readonly values: readonly (number | null)[];
  readonly mark?: 'line' | 'dashed' | 'dotted';
}

export interface TimeChartPlan {
  /** Within the run. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** Of the values, written at the axis. */
  readonly unit: string;
  readonly series: readonly TimeSeries[];
  /** Of the numbers in the table. */
  readonly format: (value: number) => string;
  /** Of the numbers at the axis; else `compact`. */
  readonly axisFormat?: (value: number) => string;
  /** Areas on top of each other, the first at the bottom. */
  readonly isStacked?: boolean;
  /** `slot`: holds from its beginning to its end. `end`: was reached at its end. Else `slot`. */
  readonly valuesAre?: 'slot' | 'end';
  /** Upper end of the axis; else as high as the values. */
  readonly max?: number;
  readonly notes?: readonly string[];
  /** What is said when all is 0 or missing. */
  readonly whyEmpty: string;
}

const PLOT_HEIGHT_PX = 190;
const TOP_PX = 32;
const NAME_LENGTH_MAX = 40;

export function timeChart(view: RunView, plan: TimeChartPlan): Figure {
  const series = plan.series
    .map((one) => ({ ...one, values: one.values.map((value) => (value === null ? null : drawable(value))) }))
    .filter(({ values }) => values.some((value) => value !== null && value !== 0));
  if (series.length === 0) return leftOut(plan.title, plan.whyEmpty);
  const { bands } = view;
  return {
    kind: 'chart',
    id: `${view.idPrefix}${plan.id}`,
    title: plan.title,
    description: plan.description,
    legend: [...series.map((one) => legendEntry(one, plan)), ...bands.legend],
    heightPx: TOP_PX + PLOT_HEIGHT_PX + AXIS_HEIGHT_PX,
    option: {
      grid: { left: PLOT_LEFT_PX, right: PLOT_RIGHT_PX, top: TOP_PX, height: PLOT_HEIGHT_PX },
      xAxis: timeAxis(view),
      yAxis: {
        ...valueAxis(plan.unit, plan.axisFormat ?? compact),
        ...(plan.max !== undefined && { max: plan.max, interval: plan.max / 4 }),
        min: (extent: { readonly min: number }) => Math.min(0, extent.min),
      },
      series: [
        ...(plan.isStacked === true ? areas(view, series) : lines(view, series, plan)),
        ...bandSeries(bands.bands),
      ],
    },
    table: tableOf(view, series, plan),
    notes: [...(plan.notes ?? []), ...view.slotNotes],
  };
}

function legendEntry({ name, colour, mark }: TimeSeries, { isStacked }: TimeChartPlan): LegendEntry {
  return { label: shortText(name, NAME_LENGTH_MAX), colour, mark: isStacked === true ? 'area' : (mark ?? 'line') };
}

type Point = readonly [number, number | null];

function lines(view: RunView, series: readonly TimeSeries[], plan: TimeChartPlan): object[] {
  return series.map(({ colour, values, mark = 'line' }) => ({
    type: 'line',
    silent: true,
    showSymbol: false,
    color: colour,
    lineStyle: { width: 2, type: mark === 'line' ? 'solid' : mark },
    data: plan.valuesAre === 'end' ? endPoints(view, values) : steps(view, values),
  }));
}

/** Both ends of every slot: one with gaps around it is still a line. */
function steps({ slots }: RunView, values: readonly (number | null)[]): Point[] {
  return slots.flatMap(({ fromMs, untilMs }, at): Point[] => [
    [fromMs, values[at] ?? null],
    [untilMs, values[at] ?? null],
  ]);
}

/** What it was at the start nobody knows; over the first slot it is level. */
function endPoints({ slots }: RunView, values: readonly (number | null)[]): Point[] {
  return [[0, values[0] ?? null], ...slots.map(({ untilMs }, at): Point => [untilMs, values[at] ?? null])];
}

/** Sums of the lower ones, drawn from the highest: each covers what is not its own. */
function areas(view: RunView, series: readonly TimeSeries[]): object[] {
  const sums = view.slots.map(() => 0);
  const layers = series.map(({ colour, values }) => {
    for (const at of sums.keys()) sums[at]! += values[at] ?? 0;
    return {
      type: 'line',
      silent: true,
      showSymbol: false,
      color: colour,
      lineStyle: { width: 0 },
      areaStyle: { color: colour, opacity: 1 },
      data: steps(view, [...sums]),
    };
  });
  return layers.reverse();
}

function tableOf({ clock, slots }: RunView, series: readonly TimeSeries[], plan: TimeChartPlan): Table {
  const isEnd = plan.valuesAre === 'end';
  return {
    columns: [isEnd ? 'until' : 'from', ...series.map(({ name }) => name)],
    rows: slots.map(({ fromMs, untilMs }, at) => [
      clock.at(isEnd ? untilMs : fromMs),
      ...series.map(({ values }) => formatted(values[at] ?? null, plan.format)),
    ]),
  };
}

function formatted(value: number | null, format: (value: number) => string): string {
  return value === null ? '–' : format(value);
}
