/** `gavel reconcile`: what the archived events say must be charged, beside what is; exit code 1 where that differs. */
import { systemClock } from '../adapters/clock.ts';
import { reconcile as reconcileConfig } from '../compose.ts';
import { readOptions, wholeNumber } from './options.ts';
import { isReconciled, RECONCILIATION_REPORTS } from './reconciliation-report.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { readWindow, WINDOW_OPTIONS } from './time-window.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'reconcile',
  summary: 'compute every charge of a window again, from the archived events, and compare it with the books',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    ...WINDOW_OPTIONS,
    'settle-minutes': {
      type: 'string',
      value: 'N',
      help: 'so long an event may be under way before that is a difference (default 15)',
    },
    differences: { type: 'string', value: 'N', help: 'list so many of the differences, the largest (default 100)' },
    format: { type: 'string', value: 'FORMAT', help: 'table, csv (of the differences) or json (default table)' },
  },
} as const;

const MINUTE_MS = 60_000;
const SETTLE_MINUTES = 15;
const DIFFERENCES = 100;

export async function reconcile(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const { format = 'table' } = options;
  if (!Object.hasOwn(RECONCILIATION_REPORTS, format)) {
    throw new UsageError(`--format must be one of ${Object.keys(RECONCILIATION_REPORTS).join(', ')}, is "${format}"`);
  }
  const nowMs = Math.floor(systemClock.wallMs());
  const window = {
    ...readWindow(options, nowMs),
    nowMs,
    settleMs:
      wholeNumber(options['settle-minutes'], 'settle-minutes', SETTLE_MINUTES, { min: 0, max: 10_080 }) * MINUTE_MS,
    differencesMax: wholeNumber(options.differences, 'differences', DIFFERENCES, { min: 0, max: 1_000_000 }),
  };
  const result = await reconcileConfig(systemConfig(options, []), window).catch((error: unknown) => {
    throw (error as Error).name === 'FolderLockedError' ? new UsageError(IN_USE) : startupError(error);
  });
  if (result === null) throw new UsageError("there are no books yet: name the engine's --config or --data");
  process.stdout.write(RECONCILIATION_REPORTS[format as keyof typeof RECONCILIATION_REPORTS](result));
  if (!isReconciled(result)) process.exitCode = 1;
}

const IN_USE =
  'an engine has this folder open, and reconciles it by itself (rtb_ledger_unreconciled_micros in its metrics): end it first, or give it a PostgreSQL (campaigns.databaseUrl)';
