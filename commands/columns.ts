/** Rows of cells as a table for people, or as CSV. */

import { csvCell, shownText } from './cell-text.ts';

type Cells<Column extends string> = Readonly<Record<Column, string>>;

/** Columns from `numbersFrom` on are set to the right. */
export function tableOf<Column extends string>(
  columns: readonly Column[],
  rows: readonly Cells<Column>[],
  numbersFrom: number,
): string {
  const lines = [columns as readonly string[], ...rows.map((row) => columns.map((column) => shownText(row[column])))];
  const widths = columns.map((_, at) => lines.reduce((width, cells) => Math.max(width, cells[at]!.length), 0));
  const padded = (cell: string, at: number): string =>
    at >= numbersFrom ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
  return lines.map((cells) => `${cells.map(padded).join('  ').trimEnd()}\n`).join('');
}

/** RFC 4180. Cells may be text of strangers. */
export function csvOf<Column extends string>(columns: readonly Column[], rows: readonly Cells<Column>[]): string {
  const lines = [columns as readonly string[], ...rows.map((row) => columns.map((column) => csvCell(row[column])))];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}
