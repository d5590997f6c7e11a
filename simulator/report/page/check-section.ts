/** Whether what must always hold did. */
import type { CheckFigures } from '../../world/run-record.ts';
import { html, type Markup } from './markup.ts';
import { count } from './quantities.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';

/** `unjudged`: it looked at nothing, which proves nothing. */
export type Verdict = 'held' | 'violated' | 'unjudged';

export function verdictOf({ judged, violations }: CheckFigures): Verdict {
  if (violations.length > 0) return 'violated';
  return judged === 0 ? 'unjudged' : 'held';
}

export function checkSection({ record: { checks } }: RunView): Section {
  return {
    id: 'checks',
    title: 'Checks',
    lead: checks.length === 0 ? html`<p>Nothing was checked in this run.</p>` : checkTable(checks),
    figures: [],
  };
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  held: 'held',
  violated: 'VIOLATED',
  unjudged: 'had nothing to judge',
};

/** Violations of a check on the page. */
const VIOLATIONS_MAX = 20;

function checkTable(checks: readonly CheckFigures[]): Markup {
  return html`<p>What must hold whatever happens, judged over the whole run.</p>
<div class="table"><table class="checks"><thead><tr><th scope="col">check</th><th scope="col" class="words">what must hold</th><th scope="col">judged</th><th scope="col" class="words">result</th></tr></thead>
<tbody>${checks.map(row)}</tbody></table></div>`;
}

function row(check: CheckFigures): Markup {
  const { id, name, judged, violations } = check;
  const verdict = verdictOf(check);
  const more = violations.length - VIOLATIONS_MAX;
  return html`<tr class="${verdict}"><th scope="row">${id}</th><td class="words">${name}</td><td>${count(judged)}</td><td class="words"><strong class="verdict">${VERDICTS[verdict]}</strong>${
    violations.length === 0
      ? null
      : html`<ul>${violations.slice(0, VIOLATIONS_MAX).map((violation) => html`<li>${violation}</li>`)}${more > 0 ? html`<li>and ${count(more)} more</li>` : null}</ul>`
  }</td></tr>
`;
}
