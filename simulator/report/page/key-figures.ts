/** What the whole run came to, in a handful of numbers. */
import type { IntervalFigures, RunRecord } from '../../world/run-record.ts';
import { html, type Markup } from './markup.ts';
import { count, decimal, milliseconds, money, percent } from './quantities.ts';
import { shedCount } from './run-view.ts';

export interface KeyFigure {
  readonly name: string;
  readonly value: string;
  /** What it is of. */
  readonly detail: string;
}

export function keyFigures({ totals }: RunRecord): KeyFigure[] {
  const { requests, answered, filled, unanswered, impressions, clicks, revenueNanos, latencyMs, fallbacks } = totals;
  const shed = shedCount(totals);
  return [
    { name: 'requests', value: count(requests), detail: `${count(answered)} answered (${of(answered, requests)})` },
    { name: 'fill', value: of(filled, requests), detail: `${count(filled)} requests with a bid` },
    {
      name: 'revenue',
      value: money(revenueNanos),
      detail: `${perMille(revenueNanos, requests)} per 1,000 requests; currency of the exchange`,
    },
    ...worth(totals),
    {
      name: 'latency p95',
      value: latencyMs === null ? '–' : milliseconds(latencyMs.p95),
      detail:
        latencyMs === null
          ? 'nothing was answered'
          : `p50 ${milliseconds(latencyMs.p50)}, p99 ${milliseconds(latencyMs.p99)}, longest ${milliseconds(latencyMs.max)}`,
    },
    { name: 'shed', value: count(shed), detail: `${of(shed, requests)} of the requests` },
    { name: 'unanswered', value: count(unanswered), detail: `${of(unanswered, requests)} of the requests` },
    { name: 'impressions', value: count(impressions), detail: `${count(clicks)} clicks (${of(clicks, impressions)})` },
    {
      name: 'DSP calls',
      value: count(totals.dspCalls),
      detail: `${per(totals.dspCalls, answered)} per answered request`,
    },
    {
      name: 'processor time',
      value: milliseconds(totals.cpuMs),
      detail: `${per(totals.cpuMs, answered)} ms per answered request`,
    },
    {
      name: 'fallback estimates',
      value: count(fallbacks),
      detail: `${of(fallbacks, answered)} of the answered requests`,
    },
  ];
}

/** Only markets that have a truth know it. */
function worth({ advertiserValueNanos }: IntervalFigures): KeyFigure[] {
  if (advertiserValueNanos === 0) return [];
  return [{ name: 'worth to advertisers', value: money(advertiserValueNanos), detail: 'true worth of what was shown' }];
}

export function renderKeyFigures(figures: readonly KeyFigure[]): Markup {
  return html`<dl class="key-figures">${figures.map(
    ({ name, value, detail }) => html`<div><dt>${name}</dt><dd><b>${value}</b><span>${detail}</span></dd></div>
`,
  )}</dl>`;
}

function of(part: number, whole: number): string {
  return whole === 0 ? '–' : percent(part / whole);
}

function per(amount: number, whole: number): string {
  return whole === 0 ? '–' : decimal(amount / whole);
}

function perMille(nanos: number, requests: number): string {
  return requests === 0 ? '–' : money((nanos / requests) * 1000);
}
