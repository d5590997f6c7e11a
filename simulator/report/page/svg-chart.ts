/** ECharts without a browser: an option in, SVG text out. */
import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { plainText } from './markup.ts';
import { INK } from './palette.ts';

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, SVGRenderer]);

export type ChartOption = EChartsCoreOption;

/** All charts are drawn this wide; a page scales them. */
export const CHART_WIDTH_PX = 680;
export const FONT_SIZE_PX = 13;

/**
 * What is within an `<svg>` of `CHART_WIDTH_PX` and this height. `id` is part of every id in it, so that charts of one page do
 * not meet. Texts of the option are escaped by ECharts.
 */
export function svgContent(id: string, heightPx: number, option: ChartOption): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: CHART_WIDTH_PX, height: heightPx });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', fontSize: FONT_SIZE_PX, color: INK.text },
      ...option,
    });
    return cleaned(chart.renderToSVGString(), id);
  } finally {
    chart.dispose();
  }
}

/**
 * Without what serves pointers, which nobody follows on a page without scripts, and with ids of the chart instead of those that
 * ECharts counts up for as long as its process lives. Texts are escaped: no quote or bracket in them is taken for markup.
 */
function cleaned(svg: string, id: string): string {
  return svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/(id="|url\(#)zr\d+-/g, `$1${id}-`)
    .split('\n')
    .map(plainText)
    .join('\n');
}
