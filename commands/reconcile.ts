/** `gavel reconcile`: what the archived events say must be charged, beside what is; exit code 1 where that differs. */
import { systemClock } from '../adapters/clock.ts';
import { compareSystems, reconcile as reconcileConfig } from '../compose.ts';
import { COUNT_REPORTS } from './count-report.ts';
import { readOptions, wholeNumber } from './options.ts';
import { isReconciled, RECONCILIATION_REPORTS } from './reconciliation-report.ts';
import { reportWindow } from './report-window.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'reconcile',
  summary: 'compute every charge of a window again, from the archived events, and compare it with the books',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    from: {
      type: 'string',
      value: 'TIME',
      help: 'from that day (2026-11-21), hour (2026-11-21T14) or moment (2026-11-21T14:30) on, in UTC (default: yesterday)',
    },
    to: { type: 'string', value: 'TIME', help: 'to the end of that day or hour, or until that moment (default: now)' },
    'settle-minutes': {
      type: 'string',
      value: 'N',
      help: 'so long an event may be under way before that is a difference (default 15)',
    },
    against: {
      type: 'string',
      value: 'FILE',
      help: 'compare what was counted with another system instead: its CSV or JSON file, or "ledger"',
    },
    threshold: {
      type: 'string',
      value: 'SHARE',
      help: 'with --against: by how much two may differ that are the same (default 0.001)',
    },
    differences: { type: 'string', value: 'N', help: 'list so many of the differences, the largest (default 100)' },
    format: { type: 'string', value: 'FORMAT', help: 'table, csv or json (default table)' },
  },
} as const;

/** Days before this one. */
const DAYS_BACK = 1;
const MINUTE_MS = 60_000;
const SETTLE_MINUTES = 15;
const DIFFERENCES = 100;
/** Two that count the same traffic agree within it (docs/reconciliation.md). */
const THRESHOLD = 0.001;
const THRESHOLD_MIN = 0.000_001;

type Format = keyof typeof RECONCILIATION_REPORTS;

export async function reconcile(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { format = 'table' } = options;
  if (!Object.hasOwn(RECONCILIATION_REPORTS, format)) {
    throw new UsageError(`--format must be one of ${Object.keys(RECONCILIATION_REPORTS).join(', ')}, is "${format}"`);
  }
  const agrees =
    options.against === undefined
      ? await printCharges(options, format as Format)
      : await printCounts(options, options.against, format as Format);
  if (!agrees) process.exitCode = 1;
}

type ReconcileOptions = NonNullable<ReturnType<typeof readOptions<typeof COMMAND.options>>>;

async function printCharges(options: ReconcileOptions, format: Format): Promise<boolean> {
  if (options.threshold !== undefined) throw new UsageError('--threshold is for --against: charges must agree exactly');
  const nowMs = Math.floor(systemClock.wallMs());
  const settleMinutes = wholeNumber(options['settle-minutes'], 'settle-minutes', SETTLE_MINUTES, {
    min: 0,
    max: 10_080,
  });
  const result = await withBooks(
    reconcileConfig(systemConfig(options, []), {
      ...reportWindow(options, nowMs, DAYS_BACK),
      nowMs,
      settleMs: settleMinutes * MINUTE_MS,
      differencesMax: wholeNumber(options.differences, 'differences', DIFFERENCES, { min: 0, max: 1_000_000 }),
    }),
  );
  process.stdout.write(RECONCILIATION_REPORTS[format](result));
  return isReconciled(result);
}

async function printCounts(options: ReconcileOptions, against: string, format: Format): Promise<boolean> {
  for (const name of ['differences', 'settle-minutes'] as const) {
    if (options[name] !== undefined) throw new UsageError(`--${name} has no meaning with --against`);
  }
  const window = reportWindow(options, Math.floor(systemClock.wallMs()), DAYS_BACK);
  const threshold = shareOf(options.threshold);
  const comparison = await withBooks(compareSystems(systemConfig(options, []), { ...window, against, threshold }));
  process.stdout.write(COUNT_REPORTS[format](comparison));
  return comparison.verdict === 'safe';
}

function shareOf(text: string | undefined): number {
  const share = text === undefined ? THRESHOLD : Number(text);
  if (text?.trim() !== '' && share >= THRESHOLD_MIN && share < 1) return share;
  throw new UsageError(`--threshold must be a share from ${THRESHOLD_MIN} to below 1, is "${text}"`);
}

async function withBooks<Result>(work: Promise<Result | null>): Promise<Result> {
  const result = await work.catch((error: unknown) => {
    const { name, message } = error as Error;
    if (name === 'FolderLockedError') throw new UsageError(IN_USE);
    if (name === 'CountFileError') throw new UsageError(`--against: ${message}`);
    throw startupError(error);
  });
  if (result !== null) return result;
  throw new UsageError("there are no books yet: name the engine's --config or --data");
}

const IN_USE =
  'an engine has this folder open, and reconciles it by itself (rtb_ledger_unreconciled_micros in its metrics): end it first, or give it a PostgreSQL (campaigns.databaseUrl)';
