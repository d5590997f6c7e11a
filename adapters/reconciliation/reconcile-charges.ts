/**
 * Every charge of a window twice: as the archived events say it must be, and as it is booked. What does not agree at first sight is
 * looked at again with all that either side has of it, whenever that was: so nothing differs for lying at the edge of the window.
 */
import type { ChargeReconciliation } from '../../engine/reconciliation/charge-verdict.ts';
import type { DuckDb } from '../archive/duckdb.ts';
import { ALL_TIME, type TimeWindow } from '../archive/layout.ts';
import type { Queryable } from '../ledger/database.ts';
import { loadArchivedByNow, loadEvents, loadEventsOfSuspects, type PaidWithinMs } from './archived-charges.ts';
import {
  type ComparisonRules,
  compareCharges,
  differencesOf,
  partyTotals,
  unreconciledNanos,
  verdictCounts,
} from './charge-comparison.ts';
import { loadBookings, loadBookingsOfSuspects, loadConsumed, loadDeadLetters } from './ledger-bookings.ts';
import { inWorkspace, type WorkspaceBounds } from './workspace.ts';

export interface ChargeReconciliationOptions {
  /** Migrated. Nothing is written. */
  readonly books: Queryable;
  /** Folder of the archive. */
  readonly archive: string;
  /** Epoch ms, from, until before. */
  readonly window: TimeWindow;
  /** Of the consumer that bills: whose offsets are those of the archived events. Null: whatever consumer there is. */
  readonly source: string | null;
  readonly feePpm: number;
  readonly paidWithinMs: PaidWithinMs;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
  /** For so long an event may be on its way into books and archive, ms. */
  readonly settleMs: number;
  readonly bounds: WorkspaceBounds;
  /** Of the list of differences. All are counted. */
  readonly differencesMax: number;
}

/** Between the clocks of those who say when something happened, and of the database. */
const SKEW_MS = 60_000;
/** Most events are booked so soon: others are found one by one. */
const SLACK_MS = 900_000;

/** Rejects when archive or database cannot be read. */
export async function reconcileCharges(options: ChargeReconciliationOptions): Promise<ChargeReconciliation> {
  return inWorkspace(options.bounds, async (db) => {
    const { books, archive, window, paidWithinMs } = options;
    const { fromMs, toMs } = window;
    // In this order: what the books had consumed by then is booked by now, and what is booked by now is archived, or soon.
    await loadConsumed(db, 'consumed', books, options.source);
    await loadBookings(db, books, { fromMs: fromMs - SKEW_MS, toMs: toMs + SLACK_MS });
    await loadEvents(db, archive, { fromMs: fromMs - SLACK_MS, toMs: toMs + SKEW_MS }, paidWithinMs);
    const settledBeforeMs = Math.floor(options.nowMs - options.settleMs);
    const rules: ComparisonRules = { window, feePpm: options.feePpm, settledBeforeMs, isArchiveComplete: true };
    await compareCharges(db, rules);
    const nearby = { fromMs: fromMs - Math.max(...Object.values(paidWithinMs)), toMs: toMs + SLACK_MS };
    for (const searched of [nearby, ALL_TIME]) {
      if (!(await suspect(db))) break;
      await reloadSuspects(db, options, searched);
      await compareCharges(db, { ...rules, isArchiveComplete: await isArchiveComplete(db) });
    }
    return resultOf(db, options);
  });
}

/** Whether there are any: charges that do not agree with what has been read of them so far. */
async function suspect(db: DuckDb): Promise<boolean> {
  await db.run(`CREATE OR REPLACE TABLE suspect AS SELECT key FROM verdict WHERE verdict NOT IN ('agreed', 'nothing-due')
    AND NOT (verdict = 'reported' AND is_sold)`);
  const [row] = await db.rows('SELECT count(*) AS suspects FROM suspect');
  return row!.suspects !== 0n;
}

/** All that the books have of them, and what the archive has there. */
async function reloadSuspects(
  db: DuckDb,
  { books, archive, source, paidWithinMs }: ChargeReconciliationOptions,
  searched: TimeWindow,
): Promise<void> {
  await db.run('DELETE FROM event WHERE key IN (SELECT key FROM suspect)');
  await db.run('DELETE FROM booking WHERE key IN (SELECT key FROM suspect)');
  for (const table of ['dead_letter', 'consumed_by_now', 'archived_by_now']) await db.run(`DELETE FROM ${table}`);
  await loadDeadLetters(db, books, source);
  await loadBookingsOfSuspects(db, books);
  await loadConsumed(db, 'consumed_by_now', books, source);
  await loadEventsOfSuspects(db, archive, searched, paidWithinMs);
  await loadArchivedByNow(db, archive);
}

/** Whether the archive has come as far as the books had by the time that they were read. */
async function isArchiveComplete(db: DuckDb): Promise<boolean> {
  const [row] = await db.rows(`SELECT count(*) AS behind FROM consumed_by_now c
    LEFT JOIN archived_by_now a USING (source_partition) WHERE a.next_offset IS NULL OR a.next_offset < c.next_offset`);
  return row!.behind === 0n;
}

async function resultOf(
  db: DuckDb,
  { window, differencesMax }: ChargeReconciliationOptions,
): Promise<ChargeReconciliation> {
  const within = `at_ms >= ${window.fromMs} AND at_ms < ${window.toMs}`;
  const [rows] = await db.rows(`SELECT (SELECT count(*) FROM event WHERE ${within} AND kind <> 'win') AS events,
    (SELECT count(*) FROM event WHERE ${within} AND (amount IS NULL OR payer IS NULL OR is_in_time IS NULL)) AS unreadable,
    (SELECT count(*) FROM booking WHERE ${within}) AS bookings`);
  return {
    ...window,
    verdicts: await verdictCounts(db),
    unreconciledNanos: await unreconciledNanos(db),
    differences: await differencesOf(db, differencesMax),
    totals: await partyTotals(db),
    eventRows: Number(rows!.events),
    journalRows: Number(rows!.bookings),
    unreadable: Number(rows!.unreadable),
  };
}
