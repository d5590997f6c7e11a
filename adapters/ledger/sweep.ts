/** What time ends: reservations nobody billed, leases nobody gave back, tranches whose day is over, reports of nothing. */
import { bookedExpiry } from '../../engine/events/booked-events.ts';
import type { LeaseKey, SweepResult } from '../../engine/ports/budget-ledger.ts';
import { Books, databaseNowMs } from './books.ts';
import { bookedSale, release } from './charges.ts';
import type { Database } from './database.ts';
import { forgetBacklogs } from './event-backlogs.ts';
import { readBookedUntil } from './event-watermarks.ts';
import { closeDueLease } from './leases.ts';
import { closeTranche } from './tranches.ts';

/** Rows of one transaction: locks are held for a moment only. */
export const BATCH = 500;

export interface SweepOptions {
  readonly nowMs: number;
  /** Null: by the database's clock. A caller whose clock is ahead of the ledger's ends nothing early. */
  readonly ledgerNowMs: number | null;
  readonly actor: string;
  /** As `LedgerOptions.backlog`. */
  readonly backlog: BacklogRule;
}

/** How long what has run out still waits for events that may bill it and are not booked. */
export interface BacklogRule {
  /** ms; then it ends all the same, so that no consumer that is away locks budgets for ever. */
  readonly maxMs: number;
  /** Of so many reservations, since events from this time on (epoch ms) are not booked: their bills may be our cost. */
  readonly onOverrun: (reservations: number, bookedUntilMs: number) => void;
}

interface Due {
  readonly key: string;
  readonly account_id: string;
  readonly epoch: bigint;
  readonly sequence: bigint;
  readonly [column: string]: unknown;
}

export async function sweep(database: Database, options: SweepOptions): Promise<SweepResult> {
  const { nowMs, ledgerNowMs, actor, backlog } = options;
  const ledgerNow = ledgerNowMs ?? Number(await databaseNowMs(database));
  const atMs = Math.floor(Math.min(nowMs, ledgerNow));
  const bookedUntilMs = await readBookedUntil(database, { nowMs: ledgerNow, backlogMs: backlog.maxMs });
  const waitsFrom = bookedUntilMs === null ? atMs : Math.max(bookedUntilMs, ledgerNow - backlog.maxMs);
  const held = { atMs, dueMs: Math.floor(Math.min(atMs, waitsFrom)) };
  const reservations = await inBatches(database, SWEEP_SQL.dueReservations, held, releaseDue);
  if (bookedUntilMs !== null && bookedUntilMs < held.dueMs && reservations > 0) {
    backlog.onOverrun(reservations, bookedUntilMs);
  }
  await inBatches(database, SWEEP_SQL.untoldExpiries, held, tellExpired);
  const leases = await inBatches(database, SWEEP_SQL.dueLeases, held, async (books, due) => {
    await books.loadLeases(due.map(leaseKeyOf));
    const isClosed = (row: Due): boolean => closeDueLease(books, books.lease(leaseKeyOf(row))!, { actor, ...held });
    return due.filter(isClosed).length;
  });
  // Nobody has won anything from what is not leased: its end waits for no event.
  await inBatches(database, SWEEP_SQL.dueTranches, { atMs, dueMs: atMs }, async (books, due) => {
    await books.loadTranches(due.map(leaseKeyOf));
    for (const row of due) closeTranche(books, books.tranche(leaseKeyOf(row))!, { actor, why: 'over' });
    return due.length;
  });
  if (bookedUntilMs !== null) await forgetBacklogs(database, bookedUntilMs);
  return { reservations, leases, reports: await forgetReports(database, held.dueMs) };
}

/** What becomes known in this moment is not parked any more, and stays. */
async function forgetReports(database: Database, dueMs: number): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const { length } = await database.query(SWEEP_SQL.forgetReports, [dueMs]);
    forgotten += length;
    if (length < BATCH) return forgotten;
  }
}

export const SWEEP_SQL = {
  forgetReports: `DELETE FROM charge WHERE state = 'parked' AND key IN (
      SELECT key FROM charge WHERE state = 'parked' AND expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT ${BATCH})
    RETURNING key`,
  dueReservations: `SELECT key, account_id, epoch, sequence FROM charge
    WHERE state = 'reserved' AND expires_at_ms <= $1 ORDER BY expires_at_ms LIMIT ${BATCH}`,
  /** Of all that was won for campaigns of ours: also of what holds nothing of its own until then. */
  untoldExpiries: `SELECT key, account_id, epoch, sequence FROM charge
    WHERE state IN ('expired', 'shared', 'uncovered') AND terms IS NOT NULL AND NOT expiry_told AND expires_at_ms <= $1
    ORDER BY expires_at_ms LIMIT ${BATCH}`,
  dueLeases: `SELECT '' AS key, account_id, epoch, sequence FROM lease
    WHERE state <> 'closed' AND closes_at_ms <= $1 ORDER BY closes_at_ms LIMIT ${BATCH}`,
  dueTranches: `SELECT '' AS key, account_id, epoch, 0::bigint AS sequence FROM tranche
    WHERE state = 'open' AND not_after_ms <= $1 ORDER BY not_after_ms LIMIT ${BATCH}`,
} as const;

/** Others may sweep at the same time: what is due is looked at again under its account's lock. */
async function inBatches(
  database: Database,
  sql: string,
  { atMs, dueMs }: { readonly atMs: number; readonly dueMs: number },
  end: (books: Books, due: readonly Due[]) => Promise<number>,
): Promise<number> {
  let ended = 0;
  for (;;) {
    const due = await database.query<Due>(sql, [dueMs]);
    if (due.length === 0) return ended;
    ended += await database.transaction(async (tx) => {
      const accountIds = due.map(({ account_id }) => account_id);
      const books = await Books.open(tx, accountIds, atMs);
      const count = await end(books, due);
      await books.flush();
      return count;
    });
  }
}

async function releaseDue(books: Books, due: readonly Due[]): Promise<number> {
  await books.loadCharges(due.map(({ key }) => key));
  await books.loadLeases(due.map(leaseKeyOf));
  return due.filter(({ key }) => books.charge(key)?.state === 'reserved' && release(books, key, 'expired')).length;
}

async function tellExpired(books: Books, due: readonly Due[]): Promise<number> {
  await books.loadCharges(due.map(({ key }) => key));
  for (const { key } of due) {
    const charge = books.charge(key);
    if (charge === undefined || charge.expiry_told || !EXPIRED.has(charge.state)) continue;
    charge.expiry_told = true;
    books.change(charge);
    books.tell(bookedExpiry(bookedSale(books, charge)!, Number(books.nowMs)));
  }
  return due.length;
}

const EXPIRED: ReadonlySet<string> = new Set(['expired', 'shared', 'uncovered']);

function leaseKeyOf({ account_id, epoch, sequence }: Due): LeaseKey {
  return { accountId: account_id, epoch: Number(epoch), sequence: Number(sequence) };
}
