/** The parts of the page that are of one run. */
import type { RunRecord } from '../../world/run-record.ts';
import { calibrationSection } from './calibration-section.ts';
import { campaignSection } from './campaign-section.ts';
import { checkSection } from './check-section.ts';
import { dspSection } from './dsp-section.ts';
import { keyFigures, renderKeyFigures } from './key-figures.ts';
import { latencySection } from './latency-section.ts';
import { html, type Markup } from './markup.ts';
import { moneySection } from './money-section.ts';
import { lengthOfTime } from './quantities.ts';
import { regionSection } from './region-section.ts';
import { runView } from './run-view.ts';
import { renderLeftOut, renderSection } from './section.ts';
import { stateSection } from './state-section.ts';
import { storyOf } from './story.ts';
import { trafficSection } from './traffic-section.ts';

const SECTIONS = [
  checkSection,
  stateSection,
  trafficSection,
  moneySection,
  latencySection,
  dspSection,
  campaignSection,
  regionSection,
  calibrationSection,
];

/** `heading` is written above the figures; `idPrefix` stands before every id, for pages with several runs. */
export function renderRun(record: RunRecord, heading: Markup, idPrefix: string): Markup {
  const view = runView(record, idPrefix);
  const { sentences, judgement } = storyOf(record);
  const sections = SECTIONS.map((section) => section(view));
  const rendered = sections
    .map((section) => ({ section, markup: renderSection(section, idPrefix) }))
    .filter(({ markup }) => markup !== null);
  return html`${heading}
<p class="judgement ${judgement.kind}">${judgement.text}</p>
<ul class="story">${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>
${renderIdentity(record)}
${renderKeyFigures(keyFigures(record))}
<nav aria-label="Parts of the run"><ul>${rendered.map(({ section }) => html`<li><a href="#${idPrefix}${section.id}">${section.title}</a></li>`)}</ul></nav>
${rendered.map(({ markup }) => markup)}${renderLeftOut(sections)}`;
}

function renderIdentity({ identity, startedAtMs, durationMs, intervalMs, traceHash, ledgerHash }: RunRecord): Markup {
  const rows: readonly (readonly [string, string])[] = [
    ['scenario', `${identity.scenario} (${identity.scenarioHash})`],
    ['seed', String(identity.seed)],
    ['commit', identity.commit],
    ['virtual start', `${new Date(startedAtMs).toISOString().replace('T', ' ').slice(0, 19)} UTC`],
    ['virtual length', `${lengthOfTime(durationMs)}, in intervals of ${lengthOfTime(intervalMs)}`],
    ['trace', traceHash],
    ['books', ledgerHash === '' ? 'none were kept' : ledgerHash],
  ];
  return html`<div class="identity">This repeats the run, from the root of the project at that commit:
<code class="command">${identity.command}</code>
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl></div>`;
}
