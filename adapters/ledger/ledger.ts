/** The `BudgetLedger` over a database: each method one transaction, the sweep one per batch. */
import {
  type AccountFigures,
  type BudgetLedger,
  type LeaseKey,
  type OutcomeReport,
  PARKED_REPORTS,
  type ReportResult,
} from '../../engine/ports/budget-ledger.ts';
import { Books } from './books.ts';
import { checkBill, checkGrant, checkReport, checkReservation, checkReturn, checkWanted } from './call-arguments.ts';
import { bill, billReport, type ReleaseReason, release, reserve } from './charges.ts';
import { ConflictError, type Database, type Queryable } from './database.ts';
import { closeLease, confirmLease } from './leases.ts';
import { ACCOUNT, type AccountRow, CHARGE, type ChargeRow, selectRows } from './rows.ts';
import { type BacklogRule, sweep } from './sweep.ts';
import { closeTranche, openTranche } from './tranches.ts';

export interface LedgerOptions {
  /** Who is named in the audit where the call does not say. */
  readonly processId: string;
  /** The longest of any media type, ms: so long after a lease has ended bills for it are taken. */
  readonly billingHorizonMs: number;
  /** Of what is billed, ours: parts per million, 0 to 1,000,000. Rounded down; the publisher has the rest. */
  readonly feePpm: number;
  /** Reports that may be parked at a time; left out: `PARKED_REPORTS`. */
  readonly reportsMax?: number;
  /** Epoch ms. Null: the database's clock, one for all processes. */
  readonly nowMs: (() => number) | null;
  /** Left out: nothing that has run out waits for events. */
  readonly backlog?: BacklogRule;
}

export const LEDGER_SQL = {
  countParked: `SELECT count(*)::integer AS parked FROM (SELECT FROM charge WHERE state = 'parked' LIMIT $1) AS counted`,
} as const;

/** What runs out, runs out. */
const NO_BACKLOG: BacklogRule = { maxMs: 0, onOverrun: () => {} };

/** The database must be migrated (`migrate.ts`). Closing the ledger closes it. */
export function openBudgetLedger(database: Database, options: LedgerOptions): BudgetLedger {
  const {
    processId: actor,
    billingHorizonMs,
    feePpm,
    reportsMax = PARKED_REPORTS.countMax,
    backlog = NO_BACKLOG,
  } = options;
  const now = (): number | null => options.nowMs?.() ?? null;
  const inBooks = async <Result>(
    accountIds: Iterable<string>,
    use: (books: Books) => Promise<Result>,
  ): Promise<Result> =>
    database.transaction(async (tx) => {
      const books = await Books.open(tx, accountIds, now());
      const result = await use(books);
      await books.flush();
      return result;
    });
  return {
    openTranche: async (wanted) => {
      checkWanted(wanted);
      return database.transaction((tx) => openTranche(tx, wanted, { actor, nowMs: now() }));
    },
    closeTranche: (accountId, epoch) =>
      inBooks([accountId], async (books) => {
        await books.loadTranches([{ accountId, epoch }]);
        const tranche = books.tranche({ accountId, epoch });
        if (tranche !== undefined) closeTranche(books, tranche, { actor, why: 'asked' });
      }),
    confirmLeases: async (grants) => {
      grants.forEach(checkGrant);
      return inBooks(accountsOf(grants), async (books) => {
        await books.loadTranches(grants);
        await books.loadLeases(grants);
        return grants.map((grant) => confirmLease(books, grant, billingHorizonMs));
      });
    },
    closeLeases: async (returns) => {
      returns.forEach(checkReturn);
      await inBooks(accountsOf(returns), async (books) => {
        await books.loadLeases(returns);
        for (const each of returns) closeLease(books, each, billingHorizonMs);
      });
    },
    reserve: async (reservations) => {
      reservations.forEach(checkReservation);
      return inBooks(accountsOf(reservations), async (books) => {
        await books.loadCharges(keysOf(reservations));
        await books.loadLeases(reservations);
        await books.loadOpenTranches();
        return reservations.flatMap((reservation) => reserve(books, reservation, feePpm) ?? []);
      });
    },
    bill: async (bills) => {
      bills.forEach(checkBill);
      return inBooks(accountsOf(bills), async (books) => {
        await books.loadCharges(keysOf(bills));
        await books.loadLeases([...bills, ...leasesOfCharges(books, keysOf(bills))]);
        await books.loadOpenTranches();
        return bills.map((each) => bill(books, each, feePpm));
      });
    },
    billReports: async (reports) => {
      reports.forEach(checkReport);
      return database.transaction((tx) =>
        billReports(tx, reports, { nowMs: now(), billingHorizonMs, feePpm, reportsMax }),
      );
    },
    release: (keys, reason) => database.transaction((tx) => releaseAll(tx, { keys, reason, nowMs: now() })),
    sweep: (nowMs) => sweep(database, { nowMs, ledgerNowMs: now(), actor, backlog }),
    figures: (accountIds) => readFigures(database, accountIds),
    close: () => database.close(),
  };
}

function accountsOf(items: readonly { readonly accountId: string }[]): string[] {
  return items.map(({ accountId }) => accountId);
}

function keysOf(items: readonly { readonly key: string }[]): string[] {
  return items.map(({ key }) => key);
}

/** Which of the loaded charges have a lease. */
export function leasesOfCharges(books: Books, keys: readonly string[]): LeaseKey[] {
  return keys.flatMap((key) => {
    const { account_id: accountId, epoch, sequence } = books.charge(key) ?? { account_id: null };
    const isOurs = accountId !== null && books.accounts.has(accountId);
    return isOurs ? [{ accountId, epoch: Number(epoch), sequence: Number(sequence) }] : [];
  });
}

async function releaseAll(
  tx: Queryable,
  {
    keys,
    reason,
    nowMs,
  }: {
    readonly keys: readonly string[];
    readonly reason: ReleaseReason;
    readonly nowMs: number | null;
  },
): Promise<void> {
  const distinct = [...new Set(keys)];
  const books = await booksOfCharges(tx, distinct, nowMs);
  for (const key of distinct) release(books, key, reason);
  await books.flush();
}

async function billReports(
  tx: Queryable,
  reports: readonly OutcomeReport[],
  options: Pick<LedgerOptions, 'billingHorizonMs' | 'feePpm'> & {
    readonly reportsMax: number;
    readonly nowMs: number | null;
  },
): Promise<readonly ReportResult[]> {
  const { billingHorizonMs, feePpm, reportsMax, nowMs } = options;
  const keys = [...new Set(keysOf(reports))];
  const books = await booksOfCharges(tx, keys, nowMs);
  const isParking = reports.some(({ key, mayBecomeKnown }) => mayBecomeKnown && books.charge(key) === undefined);
  const room = isParking ? reportsMax - (await countParked(tx, reportsMax)) : 0;
  const parking = { room, expiresAtMs: books.nowMs + BigInt(billingHorizonMs + PARKED_REPORTS.beyondHorizonMs) };
  const results = reports.map((report) => billReport(books, report, feePpm, parking));
  await books.flush();
  return results;
}

/** Not beyond `max`: however many there are, it takes no longer than that. */
async function countParked(tx: Queryable, max: number): Promise<number> {
  const [row] = await tx.query<{ parked: number }>(LEDGER_SQL.countParked, [max]);
  return row!.parked;
}

/**
 * The books of these charges, with the leases they are of. A key's account never changes, so it may be read before the
 * account is locked.
 */
export async function booksOfCharges(tx: Queryable, keys: readonly string[], nowMs: number | null): Promise<Books> {
  const rows = keys.map((key) => ({ key }));
  const charges = await selectRows<ChargeRow>(tx, CHARGE, rows);
  const accountIds = charges.flatMap(({ account_id }) => account_id ?? []);
  const books = await Books.open(tx, accountIds, nowMs);
  await books.loadCharges(keys);
  for (const key of keys) {
    const accountId = books.charge(key)?.account_id ?? null;
    if (accountId !== null && !books.accounts.has(accountId)) throw new ConflictError(`${key} was just charged`);
  }
  await books.loadLeases(leasesOfCharges(books, keys));
  await books.loadOpenTranches();
  return books;
}

/** `BudgetLedger.figures`, for who reads and changes nothing. */
export async function readFigures(
  database: Queryable,
  accountIds: readonly string[],
): Promise<readonly AccountFigures[]> {
  const distinct = [...new Set(accountIds)];
  const rows = await selectRows<AccountRow>(
    database,
    ACCOUNT,
    distinct.map((id) => ({ id })),
  );
  const byId = new Map(rows.map((row) => [row.id, figuresOf(row)]));
  return distinct.flatMap((id) => byId.get(id) ?? []);
}

function figuresOf({
  id,
  tranched,
  leased,
  unit,
  budget,
  available,
  reserved,
  spent,
  absorbed,
}: AccountRow): AccountFigures {
  return { accountId: id, unit, budget, available, leased: tranched + leased, reserved, spent, absorbed };
}
