/** A chart as it stands on the page: what it shows in words, legend, drawing, and the same numbers as a table. */
import { type Content, html, Markup } from './markup.ts';
import { CHART_WIDTH_PX, type ChartOption, svgContent } from './svg-chart.ts';

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  /** How it is drawn. */
  readonly mark: 'line' | 'dashed' | 'dotted' | 'area' | 'band';
}

export interface Table {
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly string[])[];
}

export interface Chart {
  readonly kind: 'chart';
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  /** What is drawn, for whoever does not see it or reads it for the first time. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  readonly heightPx: number;
  readonly option: ChartOption;
  readonly table: Table;
  /** What was left out of it, or merged. */
  readonly notes: readonly string[];
}

/** There is nothing to draw: said in words instead of shown as an empty chart. */
export interface LeftOut {
  readonly kind: 'left-out';
  readonly title: string;
  readonly why: string;
}

export type Figure = Chart | LeftOut;

export function leftOut(title: string, why: string): LeftOut {
  return { kind: 'left-out', title, why };
}

export function isChart(figure: Figure): figure is Chart {
  return figure.kind === 'chart';
}

export function renderChart(chart: Chart): Markup {
  const { id, title, description, legend, heightPx, option, table, notes } = chart;
  return html`<figure id="${id}">
<figcaption><h3>${title}</h3><p>${description}</p></figcaption>
${renderLegend(legend)}
<div class="plot" tabindex="0" role="group" aria-label="${title}"><svg viewBox="0 0 ${CHART_WIDTH_PX} ${heightPx}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${new Markup(svgContent(id, heightPx, option))}</svg></div>
${notes.map((note) => html`<p class="note">${note}</p>`)}
<details><summary>The numbers</summary>${renderTable(table)}</details>
</figure>
`;
}

function renderLegend(legend: readonly LegendEntry[]): Content {
  if (legend.length === 0) return null;
  const entries = legend.map(
    ({ label, colour, mark }) => html`<li><span class="swatch ${mark}" style="--swatch:${colour}"></span>${label}</li>`,
  );
  return html`<ul class="legend">${entries}</ul>`;
}

/** Rows of a table on the page; the record has the rest. */
const ROWS_MAX = 500;

/** Cells that are no names are aligned as numbers. */
export function renderTable({ columns, rows }: Table): Markup {
  const more = rows.length - ROWS_MAX;
  return html`<div class="table" tabindex="0" role="group" aria-label="Table"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.slice(0, ROWS_MAX).map(renderRow)}</tbody>
</table></div>${more > 0 ? html`<p class="note">${more} more rows are in the record.</p>` : null}`;
}

function renderRow([name, ...cells]: readonly string[]): Markup {
  return html`<tr><th scope="row">${name ?? ''}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`;
}
