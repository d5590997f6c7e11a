/** `gavel report statements`: what advertisers and DSPs owe, publishers have to get and the exchange keeps, by day. */
import { systemClock } from '../adapters/clock.ts';
import { readStatements, type StatementLine } from '../adapters/ledger/statements.ts';
import { readCampaignBooks } from '../compose.ts';
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import { readOptions } from './options.ts';
import { type Cell, isTableFormat, TABLE_FORMATS } from './report-table.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'report statements',
  summary: 'print what advertisers and DSPs owe, publishers have to get and the exchange keeps, by day',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    from: { type: 'string', value: 'DAY', help: 'first day, YYYY-MM-DD in UTC (default: all)' },
    to: { type: 'string', value: 'DAY', help: 'last day (default: today)' },
    format: { type: 'string', value: 'FORMAT', help: 'table, csv or json (default table)' },
  },
} as const;

const COLUMNS = ['day', 'party', 'id', 'currency', 'events', 'amount'].map((name) => ({
  name,
  isNumber: name === 'events' || name === 'amount',
}));

const DAY_MS = 86_400_000;

export async function statements(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { format = 'table' } = options;
  if (!isTableFormat(format)) {
    throw new UsageError(`--format must be one of ${Object.keys(TABLE_FORMATS).join(', ')}, is "${format}"`);
  }
  const fromMs = options.from === undefined ? 0 : dayMs('from', options.from);
  const toMs = (options.to === undefined ? systemClock.wallMs() : dayMs('to', options.to)) + DAY_MS;
  const books = await readCampaignBooks(systemConfig(options, []), systemClock).catch((error: unknown) => {
    throw startupError(error);
  });
  if (books === null) throw new UsageError("there are no books yet: name the engine's --config or --data");
  try {
    const lines = await readStatements(books.database, { fromMs, toMs: Math.floor(toMs) });
    process.stdout.write(TABLE_FORMATS[format](COLUMNS, lines.map(cellsOf)));
  } finally {
    await books.close();
  }
}

function dayMs(option: string, text: string): number {
  const atMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(atMs)) return atMs;
  throw new UsageError(`--${option} must be a day, YYYY-MM-DD, is "${text}"`);
}

function cellsOf({ day, party, id, currency, events, amount }: StatementLine): Cell[] {
  return [day, party, id, currency, Number(events), formatDecimal(amount, NANO_DIGITS)];
}
