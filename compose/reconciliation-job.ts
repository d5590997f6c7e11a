/** Reconciles each hour shortly after its end, for metrics; in a process that has the books and sees the archive. */
import type { Queryable } from '../adapters/ledger/database.ts';
import { checkWindow } from '../adapters/reconciliation/books-checks.ts';
import { archiveRetention } from '../config/archive.ts';
import { differenceCount } from '../engine/reconciliation/charge-verdict.ts';
import { HOUR_MS, ReconciledHours } from '../engine/reconciliation/reconciled-hours.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

const INTERVAL_MS = 60_000;
/** Behind the end of an hour: what is archived waits for others, and clocks differ. */
const AFTER_MS = 300_000;
/** An alert waits for as long (docs/metrics.md). */
const SETTLE_MS = 900_000;
/** Before the start: a process that was away for longer is asked for by `gavel reconcile`. */
const HOURS_BACK = 24;
/** Of an hour's differences, in the log. */
const LOGGED_MAX = 10;

/** Begins, and goes on until the end of the parts. */
export function openReconciliation(parts: Parts, books: Queryable): void {
  const { config, clock, metrics: all, log } = parts;
  const metrics = all.reconciliation();
  const keptMs = archiveRetention(config).rawMs;
  const hours = new ReconciledHours({ afterMs: AFTER_MS, hoursBack: Math.min(HOURS_BACK, keptMs / HOUR_MS), keptMs });
  metrics.readFrom(() => hours.figures());
  let isClosing = false;
  parts.closing(async () => {
    isClosing = true;
  });
  const reconcileHour = async (fromMs: number): Promise<void> => {
    const window = { fromMs, toMs: fromMs + HOUR_MS };
    const options = { ...window, nowMs: clock.wallMs(), settleMs: SETTLE_MS, differencesMax: LOGGED_MAX };
    // Loaded when it is first needed: DuckDB is large.
    const { reconcileBooks } = await import('./reconciliation.ts');
    const result = await reconcileBooks(config, books, options, config.archive);
    const problems = await checkWindow(books, window);
    hours.record({ ...result, problems: problems.length });
    if (differenceCount(result) === 0 && problems.length === 0) return;
    const { verdicts, differences } = result;
    const hour = new Date(fromMs).toISOString();
    log.error({ hour, verdicts, problems, largest: differences.map(({ key, verdict }) => ({ key, verdict })) }, DIFFER);
  };
  repeat(parts, INTERVAL_MS, async () => {
    for (const fromMs of hours.due(clock.wallMs())) {
      if (isClosing) return;
      await reconcileHour(fromMs).catch((err: unknown) => {
        metrics.onFailure();
        log.warn({ err }, 'reconciliation: an hour could not be looked at; it waits');
      });
    }
  });
}

const DIFFER = 'reconciliation: books and archive differ; gavel reconcile has all of it (docs/reconciliation.md)';
