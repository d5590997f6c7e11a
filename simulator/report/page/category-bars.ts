/** Horizontal bars, a row for each name. */
import { type Figure, type LegendEntry, leftOut, type Table } from './figure.ts';
import { fittingText } from './fitting-text.ts';
import { INK } from './palette.ts';
import { compact, count, drawable } from './quantities.ts';
import { FONT_SIZE_PX } from './svg-chart.ts';

export interface BarSeries {
  readonly name: string;
  readonly colour: string;
  /** By row. */
  readonly values: readonly number[];
}

export interface CategoryBarsPlan {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly names: readonly string[];
  readonly series: readonly BarSeries[];
  readonly unit: string;
  readonly axisFormat?: (value: number) => string;
  readonly isStacked: boolean;
  readonly max?: number;
  readonly table: Table;
  readonly notes?: readonly string[];
  readonly whyEmpty: string;
}

/** Rows of a chart; the table has more. */
export const ROWS_MAX = 30;

const NAME_WIDTH_PX = 150;
/** Between a name and its bar. */
const NAME_GAP_PX = 12;
const ROW_HEIGHT_PX = 24;
const AXIS_HEIGHT_PX = 48;
const TOP_PX = 6;

export function categoryBars(plan: CategoryBarsPlan): Figure {
  const series = plan.series
    .map((one) => ({ ...one, values: one.values.map(drawable) }))
    .filter(({ values }) => values.some((value) => value !== 0));
  if (series.length === 0) return leftOut(plan.title, plan.whyEmpty);
  const names = plan.names.slice(0, ROWS_MAX);
  const barsPerRow = plan.isStacked ? 1 : series.length;
  const height = names.length * Math.max(ROW_HEIGHT_PX, barsPerRow * 15 + 4);
  const more = plan.names.length - names.length;
  return {
    kind: 'chart',
    id: plan.id,
    title: plan.title,
    description: plan.description,
    legend:
      series.length > 1 ? series.map(({ name, colour }): LegendEntry => ({ label: name, colour, mark: 'area' })) : [],
    heightPx: TOP_PX + height + AXIS_HEIGHT_PX,
    option: {
      grid: { left: NAME_WIDTH_PX, right: 30, top: TOP_PX, height },
      xAxis: {
        type: 'value',
        name: plan.unit,
        nameLocation: 'middle',
        nameGap: 28,
        nameTextStyle: { color: INK.muted, fontSize: FONT_SIZE_PX },
        ...(plan.max !== undefined && { max: plan.max }),
        splitNumber: 5,
        axisLabel: {
          color: INK.muted,
          fontSize: FONT_SIZE_PX,
          hideOverlap: true,
          formatter: plan.axisFormat ?? compact,
        },
        splitLine: { lineStyle: { color: INK.rule } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: names.map((name) => fittingText(name, NAME_WIDTH_PX - NAME_GAP_PX)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: INK.muted } },
        axisLabel: { color: INK.text, fontSize: FONT_SIZE_PX, interval: 0 },
      },
      series: series.map(({ colour, values }) => ({
        type: 'bar',
        silent: true,
        color: colour,
        barCategoryGap: '28%',
        barGap: '8%',
        ...(plan.isStacked && { stack: 'all' }),
        data: values.slice(0, ROWS_MAX),
      })),
    },
    table: plan.table,
    notes: [
      ...(plan.notes ?? []),
      ...(more > 0 ? [`Drawn are the first ${names.length}; ${count(more)} more are in the table.`] : []),
    ],
  };
}
