/** How a comparison of two counting systems is printed. */
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import type { CountComparison, CountDelta } from '../engine/reconciliation/count-comparison.ts';
import { type Cell, TABLE_FORMATS, type TableColumn } from './report-table.ts';

export const COUNT_REPORTS = { table, csv, json } as const;

const COLUMNS: readonly TableColumn[] = [
  ...['verdict', 'dimension', 'id', 'measure'].map((name) => ({ name, isNumber: false })),
  ...['ours', 'theirs', 'deltaPercent', 'volume'].map((name) => ({ name, isNumber: true })),
];
/** Lines of the table; all are in the others. */
const LINES_MAX = 50;

const SAYS = {
  safe: 'safe to flip',
  unsafe: 'NOT safe to flip: they differ',
  'not-enough': 'NOT safe to flip: too little was counted to say so',
} as const satisfies Record<CountComparison['verdict'], string>;

function table({ verdict, threshold, volumeMin, deltas }: CountComparison): string {
  const shown = deltas.slice(0, LINES_MAX);
  const rest = deltas.length - shown.length;
  return [
    `${SAYS[verdict]} (threshold ${threshold * 100}%, judged from ${volumeMin} events on)\n\n`,
    TABLE_FORMATS.table(COLUMNS, shown.map(cellsOf)),
    rest === 0 ? '' : `and ${rest} more: --format csv has all\n`,
  ].join('');
}

function csv({ deltas }: CountComparison): string {
  return TABLE_FORMATS.csv(COLUMNS, deltas.map(cellsOf));
}

function json({ verdict, threshold, volumeMin, deltas }: CountComparison): string {
  const lines = deltas.map((delta) => Object.fromEntries(cellsOf(delta).map((cell, at) => [COLUMNS[at]!.name, cell])));
  const document = { verdict, safeToFlip: verdict === 'safe', threshold, volumeMin, deltas: lines };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function cellsOf({ verdict, dimension, id, measure, ours, theirs, share, volume }: CountDelta): Cell[] {
  const amount = (of: bigint): Cell => (measure.startsWith('spend') ? formatDecimal(of, NANO_DIGITS) : Number(of));
  return [verdict, dimension, id, measure, amount(ours), amount(theirs), (share * 100).toFixed(4), volume];
}
