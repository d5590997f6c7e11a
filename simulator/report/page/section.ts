/** A part of the page: a heading, its charts, and what there was nothing to draw of. */
import { type Figure, isChart, type LeftOut, renderChart } from './figure.ts';
import { type Content, html, type Markup } from './markup.ts';

export interface Section {
  /** Within the run. */
  readonly id: string;
  readonly title: string;
  readonly lead?: Content;
  readonly figures: readonly Figure[];
}

/** A section with nothing but what was left out is said at the end of the page only. */
export function renderSection(section: Section, idPrefix: string): Markup | null {
  const charts = section.figures.filter(isChart);
  if (charts.length === 0 && section.lead === undefined) return null;
  const id = `${idPrefix}${section.id}`;
  return html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${section.title}</h2>
${section.lead ?? null}
${charts.map(renderChart)}</section>
`;
}

export function renderLeftOut(sections: readonly Section[]): Markup | null {
  const missing = sections.flatMap(({ figures }) => figures.filter((figure): figure is LeftOut => !isChart(figure)));
  if (missing.length === 0) return null;
  return html`<section class="left-out"><h2>Left out</h2><p>There is no chart of what did not happen:</p>
<ul>${missing.map(({ title, why }) => html`<li>${title}: ${why}.</li>`)}</ul></section>
`;
}
