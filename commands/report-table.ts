/** Lines of a report as people, spreadsheets and programs want them. */
import { csvCell, jsonText, shownText } from './cell-text.ts';

export interface TableColumn {
  readonly name: string;
  /** In a table to the right. */
  readonly isNumber: boolean;
}

/** Null: there is none. */
export type Cell = string | number | null;

export const TABLE_FORMATS = { table, csv, json } as const;
export type TableFormat = keyof typeof TABLE_FORMATS;

export function isTableFormat(text: string): text is TableFormat {
  return Object.hasOwn(TABLE_FORMATS, text);
}

/** An object a line. */
function json(columns: readonly TableColumn[], lines: readonly (readonly Cell[])[]): string {
  const objects = lines.map((cells) => Object.fromEntries(columns.map(({ name }, at) => [name, cells[at]])));
  return jsonText(objects);
}

/** RFC 4180. Ids are those of strangers. */
function csv(columns: readonly TableColumn[], lines: readonly (readonly Cell[])[]): string {
  return [columns.map(({ name }) => name), ...lines]
    .map((cells) => `${cells.map((cell) => csvCell(textOf(cell))).join(',')}\r\n`)
    .join('');
}

function table(columns: readonly TableColumn[], lines: readonly (readonly Cell[])[]): string {
  const rows = [columns.map(({ name }) => name), ...lines.map((cells) => cells.map((cell) => shownText(textOf(cell))))];
  const widths = columns.map((_, at) => Math.max(...rows.map((cells) => cells[at]!.length)));
  return rows.map((cells) => `${cells.map(padded).join('  ').trimEnd()}\n`).join('');

  function padded(text: string, at: number): string {
    return columns[at]!.isNumber ? text.padStart(widths[at]!) : text.padEnd(widths[at]!);
  }
}

function textOf(cell: Cell): string {
  return cell === null ? '' : String(cell);
}
