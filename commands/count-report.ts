/** How a comparison of two counting systems is printed. */
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import type { CountComparison, CountDelta } from '../engine/reconciliation/count-comparison.ts';
import { csvOf, tableOf } from './columns.ts';

export const COUNT_REPORTS = { table, csv, json } as const;

const COLUMNS = ['verdict', 'dimension', 'id', 'measure', 'ours', 'theirs', 'deltaPercent', 'volume'] as const;
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
    tableOf(COLUMNS, shown.map(cellsOf), COLUMNS.indexOf('ours')),
    rest === 0 ? '' : `and ${rest} more: --format csv has all\n`,
  ].join('');
}

function csv({ deltas }: CountComparison): string {
  return csvOf(COLUMNS, deltas.map(cellsOf));
}

function json({ verdict, threshold, volumeMin, deltas }: CountComparison): string {
  const document = { verdict, safeToFlip: verdict === 'safe', threshold, volumeMin, deltas: deltas.map(cellsOf) };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function cellsOf(delta: CountDelta): Record<(typeof COLUMNS)[number], string> {
  const { verdict, dimension, id, measure, ours, theirs, share, volume } = delta;
  const amount = (of: bigint): string => (measure.startsWith('spend') ? formatDecimal(of, NANO_DIGITS) : String(of));
  return {
    verdict,
    dimension,
    id,
    measure,
    ours: amount(ours),
    theirs: amount(theirs),
    deltaPercent: (share * 100).toFixed(4),
    volume: String(volume),
  };
}
