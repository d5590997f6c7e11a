/** The axis that all charts over time share, so that one moment stands at one place down the page. */

import type { FaultBand } from './fault-bands.ts';
import { INK } from './palette.ts';
import type { RunView } from './run-view.ts';
import { FONT_SIZE_PX } from './svg-chart.ts';

export const PLOT_LEFT_PX = 62;
export const PLOT_RIGHT_PX = 18;
/** Below the plot: times, and what they are. */
export const AXIS_HEIGHT_PX = 46;

const LABEL = { color: INK.muted, fontSize: FONT_SIZE_PX, fontFamily: 'inherit' } as const;

/** Of ECharts. */
export function timeAxis({ clock }: RunView): object {
  const places = clock.ticks.map(({ ms }) => ms);
  const labels = new Map(clock.ticks.map(({ ms, label }) => [ms, label]));
  return {
    type: 'value',
    min: 0,
    max: clock.spanMs,
    name: 'virtual time of day (UTC)',
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: LABEL,
    axisLine: { onZero: false, lineStyle: { color: INK.muted } },
    axisTick: { customValues: places, lineStyle: { color: INK.muted } },
    axisLabel: { ...LABEL, customValues: places, hideOverlap: true, formatter: (ms: number) => labels.get(ms) ?? '' },
    splitLine: { show: false },
  };
}

/** Of ECharts: an axis of numbers, with what they are written above it. */
export function valueAxis(unit: string, format: (value: number) => string): object {
  return {
    type: 'value',
    name: unit,
    nameGap: 12,
    nameTextStyle: { ...LABEL, align: 'left', padding: [0, 0, 0, 8 - PLOT_LEFT_PX] },
    splitNumber: 4,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...LABEL, formatter: format },
    splitLine: { lineStyle: { color: INK.rule } },
  };
}

/** Thinner than this, a band is not seen. */
const BAND_WIDTH_MIN_PX = 3;
const STRIP_HEIGHT_PX = 5;

/** Two series of ECharts: a veil over the whole height behind what is drawn, and in front of it a strip and the edges. */
export function bandSeries(bands: readonly FaultBand[]): object[] {
  const data = bands.map(({ fromMs, untilMs }) => [fromMs, untilMs]);
  const common = { type: 'custom', silent: true, clip: true, data, encode: { x: [0, 1], y: [] } };
  const colourOf = ({ dataIndex }: ItemParams) => bands[dataIndex]!.colour;
  return [
    {
      ...common,
      z: 1,
      renderItem: (params: ItemParams, api: ItemApi) => ({
        type: 'rect',
        shape: bandBox(params, api),
        style: { fill: colourOf(params), opacity: 0.15 },
      }),
    },
    {
      ...common,
      z: 10,
      renderItem: (params: ItemParams, api: ItemApi) => {
        const box = bandBox(params, api);
        const edge = { stroke: colourOf(params), lineWidth: 1, opacity: 0.8 };
        return {
          type: 'group',
          children: [
            { type: 'rect', shape: { ...box, height: STRIP_HEIGHT_PX }, style: { fill: colourOf(params) } },
            ...[box.x, box.x + box.width].map((x) => ({
              type: 'line',
              shape: { x1: x, x2: x, y1: box.y, y2: box.y + box.height },
              style: edge,
            })),
          ],
        };
      },
    },
  ];
}

function bandBox({ coordSys }: ItemParams, api: ItemApi): ItemParams['coordSys'] {
  const left = api.coord([api.value(0), 0])[0]!;
  const right = api.coord([api.value(1), 0])[0]!;
  const width = Math.max(BAND_WIDTH_MIN_PX, right - left);
  return { x: Math.min(left, coordSys.x + coordSys.width - width), y: coordSys.y, width, height: coordSys.height };
}

/** What ECharts gives a `renderItem`; its own types say less about `coordSys`. */
export interface ItemParams {
  readonly dataIndex: number;
  readonly coordSys: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

export interface ItemApi {
  readonly value: (dimension: number) => number;
  readonly coord: (place: readonly [number, number]) => readonly number[];
}
