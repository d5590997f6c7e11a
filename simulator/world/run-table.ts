/** The record of a run for a terminal. */
import { textTable } from '../report/text-table.ts';
import type { DspFigures, Percentiles, RunRecord, StateSpan } from './run-record.ts';

const NANOS = 1_000_000_000;

/** Totals, DSPs, campaigns, what was not as usual, the market beside the real one, and what the checks say. No trailing newline. */
export function formatRun(record: RunRecord): string {
  return [
    totals(record),
    dspTable(record),
    campaignTable(record),
    spans(record),
    calibrationTable(record),
    checkTable(record),
    hashes(record),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function totals({ totals: all, durationMs }: RunRecord): string {
  const shed = Object.entries(all.shed);
  const rows: [string, string][] = [
    ['length', `${durationMs / 1000} s, virtual`],
    ['requests', `${all.requests}: ${all.answered} answered, ${all.unanswered} not`],
    ['shed', shed.length === 0 ? 'none' : shed.map(([cause, count]) => `${cause}: ${count}`).join(', ')],
    ['fill', percent(all.filled, all.answered)],
    ['revenue', (all.revenueNanos / NANOS).toFixed(4)],
    ['shown', `${all.impressions}, ${all.clicks} clicked`],
    ['DSP calls', `${all.dspCalls}`],
    ['latency', latency(all.latencyMs)],
  ];
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n');
}

function dspTable({ dsps }: RunRecord): string {
  const names = [...new Set(dsps.flatMap(({ results }) => Object.keys(results)))].sort();
  const row = ({ id, calls, results, wins, spendNanos, latencyMs }: DspFigures): string[] => [
    id,
    String(calls),
    ...names.map((name) => String(results[name] ?? 0)),
    String(wins),
    (spendNanos / NANOS).toFixed(4),
    latencyMs === null ? '' : latencyMs.p95.toFixed(1),
  ];
  return dsps.length === 0
    ? ''
    : textTable([['dsp', 'calls', ...names, 'wins', 'spend', 'p95 ms'], ...dsps.map(row)]).join('\n');
}

function campaignTable({ campaigns }: RunRecord): string {
  if (campaigns.length === 0) return '';
  const rows = campaigns.map(({ id, budgetNanos, spentNanos }) => [
    id,
    (budgetNanos / NANOS).toFixed(2),
    (spentNanos / NANOS).toFixed(4),
  ]);
  return textTable([['campaign', 'budget', 'spent'], ...rows]).join('\n');
}

function spans({ faults, states }: RunRecord): string {
  const lines = [
    ...faults.map(({ kind, target, fromMs, untilMs }) => ({ fromMs, untilMs, text: `fault ${kind}: ${target}` })),
    ...states.map(({ kind, subject, state, fromMs, untilMs }: StateSpan) => ({
      fromMs,
      untilMs,
      text: `${kind} ${state}: ${subject}`,
    })),
  ].sort((a, b) => a.fromMs - b.fromMs);
  return lines.map(({ fromMs, untilMs, text }) => `${seconds(fromMs)} to ${seconds(untilMs)} s  ${text}`).join('\n');
}

function calibrationTable({ calibration }: RunRecord): string {
  if (calibration === null) return '';
  const rows = calibration.rows.map(({ group, name, real, simulated, unit }) => [
    group,
    name,
    String(Number(real.toPrecision(4))),
    String(Number(simulated.toPrecision(4))),
    unit,
  ]);
  return textTable([['market', '', 'real', 'simulated', 'unit'], ...rows]).join('\n');
}

/** Only the first violations are kept: all that are there are shown. */
function checkTable({ checks }: RunRecord): string {
  if (checks.length === 0) return 'not judged: the checks would have to keep too much';
  const rows = checks.map(({ id, name, judged, violations }) => [
    id,
    name,
    `${judged} judged`,
    violations.length > 0 ? 'VIOLATED' : judged === 0 ? '' : 'held',
  ]);
  const violations = checks.flatMap(({ id, violations: texts }) => texts.map((text) => `  ${id}: ${text}`));
  return [...textTable(rows), ...violations].join('\n');
}

function hashes({ traceHash, ledgerHash }: RunRecord): string {
  return ledgerHash === '' ? `trace ${traceHash}` : `trace ${traceHash}\nbooks ${ledgerHash}`;
}

function latency(values: Percentiles | null): string {
  if (values === null) return 'none';
  const { p50, p95, p99, max } = values;
  return `p50 ${p50.toFixed(1)} ms  p95 ${p95.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  max ${max.toFixed(1)} ms`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? 'none' : `${((part / whole) * 100).toFixed(1)} %`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1).padStart(9);
}
