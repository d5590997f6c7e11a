/** Bars from when to when, a row for each thing: what was wrong, and when. */

import { joined } from './fault-bands.ts';
import { type Figure, type LegendEntry, leftOut } from './figure.ts';
import { fittingText } from './fitting-text.ts';
import { INK } from './palette.ts';
import { count, lengthOfTime } from './quantities.ts';
import type { RunView } from './run-view.ts';
import { CHART_WIDTH_PX, FONT_SIZE_PX } from './svg-chart.ts';
import {
  AXIS_HEIGHT_PX,
  bandSeries,
  type ItemApi,
  type ItemParams,
  PLOT_LEFT_PX,
  PLOT_RIGHT_PX,
  timeAxis,
} from './time-axis.ts';

export interface Span {
  /** Spans of one row are drawn side by side. */
  readonly row: string;
  /** What it was: a colour of the legend. */
  readonly state: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface SpanChartPlan {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly spans: readonly Span[];
  readonly colourOf: (state: string) => string;
  /** Faults behind the bars; false for the chart of the faults themselves. */
  readonly hasBands: boolean;
  readonly whyEmpty: string;
}

const ROWS_MAX = 40;
/** Above each bar stands what it is of: names need no margin, and the axis is that of all other charts. */
const ROW_HEIGHT_PX = 38;
const BAR_HEIGHT_PX = 14;
const BAR_WIDTH_MIN_PX = 3;
const TOP_PX = 8;
const NAME_INDENT_PX = 4;
const NAME_WIDTH_PX = CHART_WIDTH_PX - PLOT_LEFT_PX - PLOT_RIGHT_PX - 2 * NAME_INDENT_PX;

export function spanChart(view: RunView, plan: SpanChartPlan): Figure {
  const { clock, bands } = view;
  const spans = plan.spans.filter(({ fromMs, untilMs }) => fromMs < clock.spanMs && untilMs > 0);
  if (spans.length === 0) return leftOut(plan.title, plan.whyEmpty);
  const allRows = [...new Set(spans.map(({ row }) => row))];
  const rows = allRows.slice(0, ROWS_MAX);
  const states = [...new Set(spans.map(({ state }) => state))];
  const bars = rows.flatMap((row, at) => barsOf(spans, row, at, clock.spanMs));
  const height = rows.length * ROW_HEIGHT_PX;
  const legend: LegendEntry[] = states.map((state) => ({ label: state, colour: plan.colourOf(state), mark: 'area' }));
  return {
    kind: 'chart',
    id: `${view.idPrefix}${plan.id}`,
    title: plan.title,
    description: plan.description,
    legend: plan.hasBands ? [...legend, ...bands.legend] : legend,
    heightPx: TOP_PX + height + AXIS_HEIGHT_PX,
    option: {
      grid: { left: PLOT_LEFT_PX, right: PLOT_RIGHT_PX, top: TOP_PX, height },
      xAxis: timeAxis(view),
      yAxis: {
        type: 'value',
        min: 0,
        max: rows.length,
        interval: 1,
        inverse: true,
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { show: false },
        splitLine: { lineStyle: { color: INK.rule } },
      },
      series: [...(plan.hasBands ? bandSeries(bands.bands) : []), barSeries(bars, plan.colourOf), nameSeries(rows)],
    },
    table: {
      columns: ['of', 'was', 'from', 'until', 'lasted'],
      rows: spans
        .toSorted((a, b) => a.fromMs - b.fromMs)
        .map(({ row, state, fromMs, untilMs }) => {
          const endMs = Math.min(untilMs, clock.spanMs);
          return [row, state, clock.at(fromMs), clock.at(endMs), lengthOfTime(endMs - fromMs)];
        }),
    },
    notes:
      allRows.length > ROWS_MAX
        ? [`${count(allRows.length - ROWS_MAX)} more rows are not drawn; the first ones of each are in the table.`]
        : [],
  };
}

interface Bar {
  readonly rowIndex: number;
  readonly state: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What lies closer together than a chart can show is one bar. */
const RESOLUTION = 1 / 700;

function barsOf(spans: readonly Span[], row: string, rowIndex: number, spanMs: number): Bar[] {
  const own = spans.filter((span) => span.row === row);
  return [...new Set(own.map(({ state }) => state))].flatMap((state) =>
    joined(
      own.filter((span) => span.state === state),
      spanMs * RESOLUTION,
    ).map(([fromMs, untilMs]) => ({
      rowIndex,
      state,
      fromMs: Math.max(0, fromMs),
      untilMs: Math.min(untilMs, spanMs),
    })),
  );
}

function barSeries(bars: readonly Bar[], colourOf: (state: string) => string): object {
  return {
    type: 'custom',
    silent: true,
    z: 12,
    data: bars.map(({ rowIndex, fromMs, untilMs }) => [fromMs, untilMs, rowIndex]),
    encode: { x: [0, 1], y: 2 },
    renderItem: (params: ItemParams, api: ItemApi) => {
      const [left, top] = api.coord([api.value(0), api.value(2)]) as [number, number];
      const right = api.coord([api.value(1), api.value(2)])[0]!;
      return {
        type: 'rect',
        shape: {
          x: left,
          y: top + ROW_HEIGHT_PX - BAR_HEIGHT_PX - 3,
          width: Math.max(BAR_WIDTH_MIN_PX, right - left),
          height: BAR_HEIGHT_PX,
          r: 2,
        },
        style: { fill: colourOf(bars[params.dataIndex]!.state) },
      };
    },
  };
}

function nameSeries(rows: readonly string[]): object {
  return {
    type: 'custom',
    silent: true,
    z: 13,
    data: rows.map((_, at) => [0, at]),
    encode: { x: 0, y: 1 },
    renderItem: (params: ItemParams, api: ItemApi) => {
      const [left, top] = api.coord([0, api.value(1)]) as [number, number];
      return {
        type: 'text',
        style: {
          text: fittingText(rows[params.dataIndex]!, NAME_WIDTH_PX),
          x: left + NAME_INDENT_PX,
          y: top + 6,
          fill: INK.text,
          font: `${FONT_SIZE_PX}px inherit`,
          fontSize: FONT_SIZE_PX,
          fontFamily: 'inherit',
        },
      };
    },
  };
}
