/** `gavel report NAME` for what is answered out of the archive of events (docs/archive.md). */
import {
  type ColumnKind,
  type FilterName,
  type Period,
  REPORTS,
  type ReportColumn,
  type ReportName,
} from '../adapters/archive/reports.ts';
import { systemClock } from '../adapters/clock.ts';
import { readArchiveReport } from '../compose.ts';
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import { type OptionSpecs, readOptions } from './options.ts';
import { type Cell, isTableFormat, TABLE_FORMATS } from './report-table.ts';
import { reportWindow } from './report-window.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { UsageError } from './usage-error.ts';

const FILTER_HELP: Readonly<Record<FilterName, string>> = {
  publisher: 'only of this publisher',
  placement: 'only of this placement (imp.tagid)',
  advertiser: 'only of this advertiser: of our own its id, of a DSP its domain',
  campaign: 'only of this campaign: of our own its id, of a DSP its cid',
  dsp: 'only of this DSP',
};

const COMMON_OPTIONS = {
  config: SYSTEM_OPTIONS.config,
  data: SYSTEM_OPTIONS.data,
  from: {
    type: 'string',
    value: 'TIME',
    help: 'first day, YYYY-MM-DD in UTC, or hour, YYYY-MM-DDTHH (default: 7 days ago)',
  },
  to: { type: 'string', value: 'TIME', help: 'last day or hour (default: now)' },
  by: { type: 'string', value: 'PERIOD', help: 'a line for each day or hour, or for all in total (default total)' },
  format: { type: 'string', value: 'FORMAT', help: 'table, csv or json (default table)' },
  'with-tests': { type: 'boolean', help: 'count requests with test: 1 too' },
} as const satisfies OptionSpecs;

const TARGETS_OPTION = {
  targets: {
    type: 'string',
    value: 'LIST',
    help: 'shares of impressions that were wanted, BUYER=SHARE with commas between: spring=0.4,dsp-1=0.1',
  },
} as const satisfies OptionSpecs;

const PERIODS: readonly Period[] = ['total', 'day', 'hour'];

export const ARCHIVE_REPORTS = Object.keys(REPORTS);

export function isArchiveReport(name: string): name is ReportName {
  return Object.hasOwn(REPORTS, name);
}

export async function archiveReport(name: ReportName, args: readonly string[]): Promise<void> {
  const options = readOptions(
    { name: `report ${name}`, summary: REPORTS[name].summary, options: optionsOf(name) },
    args,
  );
  if (options === null) return;
  const { format = 'table', by = 'total' } = options;
  if (!isTableFormat(format)) {
    throw new UsageError(`--format must be one of ${Object.keys(TABLE_FORMATS).join(', ')}, is "${format}"`);
  }
  if (!isPeriod(by)) throw new UsageError(`--by must be one of ${PERIODS.join(', ')}, is "${by}"`);
  const window = reportWindow(options, systemClock.wallMs());
  const targets = targetsOf(options.targets);
  const filters: Partial<Record<FilterName, string>> = options;
  const request = { by, filters, includesTests: options['with-tests'] === true };
  const answer = await readArchiveReport(systemConfig(options, []), { name, window, request });
  if (answer === null) throw new UsageError("there is no archive yet: name the engine's --config or --data");
  for (const { path, message } of answer.damaged) {
    process.stderr.write(`gavel: ${path} cannot be read, and what is in it is missing below: ${message}\n`);
  }
  const lines = answer.rows.map((row) => answer.columns.map(({ name, kind }) => cellOf(row[name], kind)));
  const table = targets === null ? { columns: answer.columns, lines } : withTargets(answer.columns, lines, targets);
  const columns = table.columns.map(({ name, kind }) => ({ name, isNumber: kind !== 'text' }));
  process.stdout.write(TABLE_FORMATS[format](columns, table.lines));
}

type ReportOptions = typeof COMMON_OPTIONS &
  typeof TARGETS_OPTION &
  Record<FilterName, { readonly type: 'string'; readonly help: string }>;

/** Those that a report does not have are refused by not being there. */
function optionsOf(name: ReportName): ReportOptions {
  const filters = REPORTS[name].filters.map((filter) => [
    filter,
    { type: 'string', value: 'ID', help: FILTER_HELP[filter] },
  ]);
  return {
    ...COMMON_OPTIONS,
    ...Object.fromEntries(filters),
    ...(name === 'allocation' ? TARGETS_OPTION : {}),
  } as ReportOptions;
}

function isPeriod(text: string): text is Period {
  return (PERIODS as readonly string[]).includes(text);
}

const SHARE_DIGITS = 4;
const MS_DIGITS = 1;
/** Micros per mille. */
const CPM_DIGITS = 6;

function cellOf(value: unknown, kind: ColumnKind): Cell {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'text':
      return String(value);
    case 'count':
      return Number(value);
    case 'share':
      return rounded(Number(value), SHARE_DIGITS);
    case 'ms':
      return rounded(Number(value), MS_DIGITS);
    case 'nanos':
      return formatDecimal(BigInt(value as bigint), NANO_DIGITS);
    case 'cpmMicros':
      return formatDecimal(BigInt(Math.round(Number(value))), CPM_DIGITS);
    default:
      return kind satisfies never;
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Null: none was named. */
function targetsOf(list: string | undefined): ReadonlyMap<string, number> | null {
  if (list === undefined) return null;
  const targets = new Map<string, number>();
  for (const entry of list.split(',')) {
    const at = entry.lastIndexOf('=');
    const [buyer, text] = [entry.slice(0, at), entry.slice(at + 1)];
    const share = text.trim() === '' ? Number.NaN : Number(text);
    if (at <= 0 || !(share >= 0 && share <= 1)) {
      throw new UsageError(`--targets must be like spring=0.4,dsp-1=0.1, shares from 0 to 1; "${entry}" is not`);
    }
    targets.set(buyer, share);
  }
  return targets;
}

/** Beside the share of a buyer's impressions what it was to be, and how far it is off. */
function withTargets(
  columns: readonly ReportColumn[],
  lines: readonly (readonly Cell[])[],
  targets: ReadonlyMap<string, number>,
): { readonly columns: readonly Pick<ReportColumn, 'name' | 'kind'>[]; readonly lines: readonly (readonly Cell[])[] } {
  const [buyerAt, shareAt] = ['buyer', 'impression_share'].map((name) =>
    columns.findIndex((column) => column.name === name),
  );
  return {
    columns: [...columns, { name: 'target', kind: 'share' }, { name: 'off_target', kind: 'share' }],
    lines: lines.map((cells) => {
      const target = targets.get(String(cells[buyerAt!])) ?? null;
      const share = cells[shareAt!];
      return [
        ...cells,
        target,
        target === null || typeof share !== 'number' ? null : rounded(share - target, SHARE_DIGITS),
      ];
    }),
  };
}
