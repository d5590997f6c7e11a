import { count } from '../../report/page/quantities.ts';
import type { SeedTally } from './seed-tally.ts';

export interface SeedsUnderWay {
  readonly tally: SeedTally;
  /** How many are asked for. */
  readonly seeds: number;
  /** Real ms since the first one began. */
  readonly elapsedMs: number;
}

/** `1,204 of 10,000 seeds, 212 a minute, 42 min left, 0 failed`. */
export function formatSeedProgress({ tally, seeds, elapsedMs }: SeedsUnderWay): string {
  const perMinute = elapsedMs === 0 ? 0 : (tally.worlds * 60_000) / elapsedMs;
  const left = perMinute === 0 ? '' : `, ${durationText(((seeds - tally.worlds) / perMinute) * 60)} left`;
  return `${count(tally.worlds)} of ${count(seeds)} seeds, ${count(Math.round(perMinute))} a minute${left}, ${count(tally.failed)} failed`;
}

/** What was tried, what was judged, what was not. */
export function formatSeedSummary({ tally, elapsedMs }: Pick<SeedsUnderWay, 'tally' | 'elapsedMs'>): string {
  const virtualHours = (tally.virtualMs / 3_600_000).toFixed(1);
  const head =
    `${count(tally.worlds)} worlds (${count(tally.worldsOf('safety'))} safety, ${count(tally.worldsOf('liveness'))} liveness), ` +
    `${count(tally.requests)} requests, ${virtualHours} virtual hours in ${durationText(elapsedMs / 1000)}`;
  const checks = tally.checks.map(({ id, name, judged, worlds, violatedWorlds }) => [
    id,
    name,
    `${count(judged)} judged`,
    `in ${count(worlds)} worlds`,
    violatedWorlds === 0 ? 'held' : `violated in ${count(violatedWorlds)}`,
  ]);
  const faults = tally.faults.map(({ name, strikes, worlds }) => [
    name,
    `${count(strikes)} times`,
    `in ${count(worlds)} worlds`,
  ]);
  const holes = tally.holes();
  return [
    head,
    '',
    ...aligned(checks),
    '',
    ...aligned(faults),
    ...(holes.length === 0 ? [] : ['', `never tried: ${holes.join(', ')}`]),
  ].join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}

function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
