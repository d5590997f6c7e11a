import type { DspReport, RunIdentity, SimulationReport, TrafficReport } from './report.ts';
import { textTable } from './text-table.ts';

/** First and last line of a run: enough to repeat it. */
export function formatIdentity({ version, scenario, seed }: RunIdentity): string {
  return `gavel ${version}, scenario ${scenario}, seed ${seed}`;
}

/** The report for a terminal: totals, then one row per DSP. No trailing newline. */
export function formatReport(report: SimulationReport): string {
  return `${formatTotals(report)}\n\n${formatDsps(report.dsps)}`;
}

type Row = readonly [label: string, value: string];

function formatTotals(report: SimulationReport): string {
  return formatRows([
    ['requests', `${report.requests.due} (${report.ratePerSec}/s for ${report.seconds} s)`],
    ...soldRows(report),
    ['DSP calls', `${report.callsPerAuction.toFixed(1)} per auction`],
    ['engine CPU', `${report.cpuUsPerAuction.toFixed(0)} us per auction`],
    ...answerRows(report),
  ]);
}

/** What became of requests, without who bid. No trailing newline. */
export function formatTraffic(report: TrafficReport): string {
  return formatRows([['requests', String(report.requests.due)], ...soldRows(report), ...answerRows(report)]);
}

function formatRows(rows: readonly Row[]): string {
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n');
}

function soldRows(report: TrafficReport): Row[] {
  return [
    ['answered', formatAnswered(report)],
    ['fill', `${(report.fillRatio * 100).toFixed(1)} %`],
    ['revenue', formatMoney(report.revenueNanos, 1e9, 4)],
    ['eCPM', formatMoney(report.ecpmMicros, 1e6, 3)],
  ];
}

function answerRows({ latency, sendLateness, statuses, errors }: TrafficReport): Row[] {
  return [
    [
      'latency',
      `p50 ${ms(latency.p50Ms)}  p95 ${ms(latency.p95Ms)}  p99 ${ms(latency.p99Ms)}  max ${ms(latency.maxMs)}`,
    ],
    ['sent late', `p50 ${ms(sendLateness.p50Ms)}  p99 ${ms(sendLateness.p99Ms)}  (by the generator; part of latency)`],
    ['HTTP status', formatCounts(statuses)],
    ['errors', formatCounts(errors)],
  ];
}

function formatAnswered({ requests }: TrafficReport): string {
  const unreadable = requests.unreadable > 0 ? `, ${requests.unreadable} unreadable` : '';
  const notSent = requests.notSent > 0 ? `, ${requests.notSent} not sent` : '';
  return `${requests.answered}${unreadable}${notSent}`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function formatMoney(amounts: Readonly<Record<string, number>>, perUnit: number, decimals: number): string {
  return joined(
    Object.entries(amounts).map(([currency, amount]) => `${(amount / perUnit).toFixed(decimals)} ${currency}`),
  );
}

function formatCounts(counts: Readonly<Record<string, number>>): string {
  return joined(Object.entries(counts).map(([name, count]) => `${name}: ${count}`));
}

function joined(parts: readonly string[]): string {
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Columns shown first, in this order, even when all zero; further results the engine tells apart follow by name. */
const USUAL_RESULTS = ['bid', 'no-bid', 'timeout', 'invalid'];

function formatDsps(dsps: Readonly<Record<string, DspReport>>): string {
  const ids = Object.keys(dsps).sort();
  const named = new Set(ids.flatMap((id) => Object.keys(dsps[id]!.results)));
  const results = [...USUAL_RESULTS, ...[...named].filter((name) => !USUAL_RESULTS.includes(name)).sort()];
  const header = ['dsp', ...results, 'win notices', 'loss notices', 'bill notices'];
  const rows = ids.map((id) => {
    const { results: counts, notices } = dsps[id]!;
    const numbers = [...results.map((name) => counts[name] ?? 0), notices.wins, notices.losses, notices.bills];
    return [id, ...numbers.map(String)];
  });
  return textTable([header, ...rows]).join('\n');
}
