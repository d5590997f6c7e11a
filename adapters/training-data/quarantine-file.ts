/**
 * The quarantine of training rows as a file, one row a line, for people to look at:
 *
 *     {"id":"b1","day":"20130606","level":"placement","group":"/site/slot","period":"2013-06-06T06:00:00.000Z","reasons":["rate"]}
 */
import { writeFileSync } from 'node:fs';
import type { QuarantinedRow, QuarantineResult } from '../../engine/estimation/quality/training-quarantine.ts';
import { InputError, readInputText } from './input-file.ts';

export function writeQuarantine(file: string, rows: readonly QuarantinedRow[]): void {
  const lines = rows.map(({ impression: { id, day }, level, group, periodAtMs, signs }) =>
    JSON.stringify({ id, day, level, group, period: new Date(periodAtMs).toISOString(), reasons: signs }),
  );
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
}

/** Ids of the rows in it. Throws an InputError for a line that names none. */
export function readQuarantine(file: string): Set<string> {
  const ids = new Set<string>();
  for (const [index, line] of readInputText(file).split('\n').entries()) {
    if (line === '') continue;
    const id = idOf(line);
    if (id === null) throw new InputError(`${file}:${index + 1}: is no row of a quarantine`);
    ids.add(id);
  }
  return ids;
}

function idOf(line: string): string | null {
  try {
    const { id } = JSON.parse(line) as { readonly id?: unknown };
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}

/** One line: how much was put away, and for what. */
export function quarantineSummary({ clean, quarantined }: QuarantineResult): string {
  const clicks = quarantined.filter(({ impression }) => impression.isClicked).length;
  const total = clean.length + quarantined.length;
  const reasons = new Map<string, number>();
  for (const { signs } of quarantined) for (const sign of signs) reasons.set(sign, (reasons.get(sign) ?? 0) + 1);
  const why = [...reasons].map(([sign, count]) => `${sign} ${count}`).join(', ');
  const counted = `quarantine: ${quarantined.length} of ${total} rows, ${clicks} of them clicked`;
  return why === '' ? counted : `${counted} (${why})`;
}
