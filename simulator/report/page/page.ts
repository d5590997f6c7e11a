/** A record as one HTML page that needs nothing else: no network, no script, no font. */
import type { ComparisonRecord } from '../../comparison/comparison-record.ts';
import type { RunRecord } from '../../world/run-record.ts';
import { renderComparison } from './comparison-page.ts';
import { html, Markup } from './markup.ts';
import { renderRun } from './run-page.ts';
import { storyOf } from './story.ts';
import { STYLE } from './style.ts';

/** The same record gives the same page, byte by byte. */
export function renderPage(record: RunRecord | ComparisonRecord): string {
  return record.kind === 'run' ? runPage(record) : comparisonPage(record);
}

function runPage(record: RunRecord): string {
  const { headline } = storyOf(record);
  const heading = html`<p class="kicker">Gavel simulation · ${record.identity.scenario} · seed ${record.identity.seed}</p><h1>${headline}</h1>`;
  return shell(headline, renderRun(record, heading, ''));
}

function comparisonPage(record: ComparisonRecord): string {
  return shell(`Comparison: ${record.name}`, renderComparison(record));
}

function shell(title: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${body}
<footer><p>Times are virtual, in UTC. Money is in the currency of the exchange. Shaded times are faults. docs/simulation-report.md of the project tells how to read each chart.</p></footer>
</main>
</body>
</html>
`.text;
}
