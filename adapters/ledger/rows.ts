/** The ledger's tables as rows in memory, and how many of them are read and written in one statement. */
import type { BudgetCalendar } from '../../engine/campaign/budget-calendar.ts';
import type { BudgetUnit } from '../../engine/ports/budget-ledger.ts';
import type { Queryable, Row } from './database.ts';

export interface AccountRow extends Row {
  readonly id: string;
  readonly unit: BudgetUnit;
  readonly currency: string | null;
  time_zone: string;
  held_day: string | null;
  held_day_until_ms: bigint | null;
  status: 'active' | 'paused' | 'ended';
  end_at_ms: bigint | null;
  budget: bigint;
  daily_budget: bigint | null;
  epoch: bigint;
  revision: bigint;
  available: bigint;
  tranched: bigint;
  leased: bigint;
  reserved: bigint;
  spent: bigint;
  absorbed: bigint;
}

export interface DayRow extends Row {
  readonly account_id: string;
  readonly day: string;
  budget: bigint | null;
  committed: bigint;
  spent: bigint;
}

export interface TrancheRow extends Row {
  readonly account_id: string;
  readonly epoch: bigint;
  state: 'open' | 'closed';
  readonly amount: bigint;
  leased: bigint;
  returned: bigint;
  readonly day: string;
  readonly not_after_ms: bigint;
  readonly opened_at_ms: bigint;
}

export interface LeaseRow extends Row {
  readonly account_id: string;
  readonly epoch: bigint;
  readonly sequence: bigint;
  readonly request_id: string;
  readonly process_id: string;
  readonly day: string;
  state: 'live' | 'closing' | 'closed';
  readonly amount: bigint;
  reserved: bigint;
  billed: bigint;
  returned: bigint;
  readonly confirmed_at_ms: bigint;
  closes_at_ms: bigint;
}

export interface ChargeRow extends Row {
  readonly key: string;
  readonly account_id: string | null;
  readonly epoch: bigint | null;
  readonly sequence: bigint | null;
  state: 'reserved' | 'shared' | 'billed' | 'absorbed' | 'uncovered' | 'expired' | 'released' | 'refunded' | 'parked';
  amount: bigint;
  fee: bigint;
  publisher_id: string | null;
  readonly expires_at_ms: bigint | null;
  /** When it happened: of what is parked, and of what was billed by a report and has no `terms` yet to make its event of. */
  reported_at_ms: bigint | null;
  /** `encodeTerms`; null: nobody has said it. */
  terms: string | null;
  /** Its `win_expired` event is made. */
  expiry_told: boolean;
}

export interface TransferRow extends Row {
  readonly kind: string;
  readonly key: string;
  readonly account_id: string;
  readonly from_book: string;
  readonly to_book: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly publisher_id: string | null;
  readonly epoch: bigint | null;
  readonly sequence: bigint | null;
  readonly day: string | null;
  readonly budget: bigint;
  readonly day_budget: bigint | null;
  readonly at_ms: bigint;
}

export interface SlotRow extends Row {
  readonly account_id: string;
  readonly slot_start_ms: bigint;
  reserved: bigint;
  billed: bigint;
  released: bigint;
  refunded: bigint;
  absorbed: bigint;
  bills: bigint;
}

export interface ShareRow extends Row {
  readonly account_id: string;
  readonly publisher_id: string;
  payable: bigint;
  fee: bigint;
}

export interface AuditRow extends Row {
  readonly at_ms: bigint;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** JSON. */
  readonly details: string;
}

/** As the ledger's days are counted. */
export function calendarOf(account: Pick<AccountRow, 'time_zone' | 'held_day' | 'held_day_until_ms'>): BudgetCalendar {
  const { time_zone: timeZone, held_day: day, held_day_until_ms: untilMs } = account;
  return { timeZone, held: day === null ? null : { day, untilMs: Number(untilMs) } };
}

export interface Table {
  readonly name: string;
  /** Column to SQL type. */
  readonly columns: Readonly<Record<string, string>>;
  readonly key: readonly string[];
}

const columns = (text: string, bigint: string): Record<string, string> => ({
  ...Object.fromEntries(text.split(' ').map((name) => [name, 'text'])),
  ...Object.fromEntries(bigint.split(' ').map((name) => [name, 'bigint'])),
});

export const ACCOUNT: Table = {
  name: 'account',
  columns: columns(
    'id unit currency time_zone held_day status',
    'held_day_until_ms end_at_ms budget daily_budget epoch revision available tranched leased reserved spent absorbed',
  ),
  key: ['id'],
};
export const DAY: Table = {
  name: 'account_day',
  columns: columns('account_id day', 'budget committed spent'),
  key: ['account_id', 'day'],
};
export const TRANCHE: Table = {
  name: 'tranche',
  columns: columns('account_id state day', 'epoch amount leased returned not_after_ms opened_at_ms'),
  key: ['account_id', 'epoch'],
};
export const LEASE: Table = {
  name: 'lease',
  columns: columns(
    'account_id request_id process_id day state',
    'epoch sequence amount reserved billed returned confirmed_at_ms closes_at_ms',
  ),
  key: ['account_id', 'epoch', 'sequence'],
};
export const CHARGE: Table = {
  name: 'charge',
  columns: {
    ...columns('key account_id state publisher_id terms', 'epoch sequence amount fee expires_at_ms reported_at_ms'),
    expiry_told: 'boolean',
  },
  key: ['key'],
};
export const TRANSFER: Table = {
  name: 'transfer',
  columns: columns(
    'kind key account_id from_book to_book publisher_id day',
    'amount fee epoch sequence budget day_budget at_ms',
  ),
  key: [],
};
export const SLOT: Table = {
  name: 'delivery_slot',
  columns: columns('account_id', 'slot_start_ms reserved billed released refunded absorbed bills'),
  key: ['account_id', 'slot_start_ms'],
};
export const SHARE: Table = {
  name: 'publisher_share',
  columns: columns('account_id publisher_id', 'payable fee'),
  key: ['account_id', 'publisher_id'],
};
export const AUDIT: Table = {
  name: 'audit',
  columns: { ...columns('actor action subject', 'at_ms'), details: 'jsonb' },
  key: [],
};

/** Rejects with a unique violation when one of them exists. */
export async function insertRows(tx: Queryable, table: Table, rows: readonly Row[]): Promise<void> {
  await inChunks(rows, (some) => tx.query(rowsSql(table).insert, columnsOf(table, some)));
}

/** Rows that exist become as given. */
export async function upsertRows(tx: Queryable, table: Table, rows: readonly Row[]): Promise<void> {
  await inChunks(rows, (some) => tx.query(rowsSql(table).upsert, columnsOf(table, some)));
}

/** The values are added to those of rows that exist. */
export async function addToRows(tx: Queryable, table: Table, rows: readonly Row[]): Promise<void> {
  await inChunks(rows, (some) => tx.query(rowsSql(table).add, columnsOf(table, some)));
}

/** A statement on PGlite holds the event loop until it is done. */
const ROWS_AT_ONCE = 500;

async function inChunks(rows: readonly Row[], run: (some: readonly Row[]) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) await run(rows.slice(at, at + ROWS_AT_ONCE));
}

/** Rows by key; what does not exist is left out. No key is given twice. */
export async function selectRows<Result extends Row>(
  tx: Queryable,
  table: Table,
  keys: readonly Row[],
): Promise<readonly Result[]> {
  const rows: Result[] = [];
  await inChunks(keys, async (some) => {
    const wanted = table.key.map((column) => some.map((key) => key[column]));
    for (const row of await tx.query<Result>(rowsSql(table).select, wanted)) rows.push(row);
  });
  return rows;
}

export interface RowsSql {
  readonly insert: string;
  readonly upsert: string;
  readonly add: string;
  readonly select: string;
}

const ROWS_SQL = new WeakMap<Table, RowsSql>();

/** The statements of a table whose rows are kept in memory while they are worked on; made once. */
export function rowsSql(table: Table): RowsSql {
  const known = ROWS_SQL.get(table);
  if (known !== undefined) return known;
  const sql = makeRowsSql(table);
  ROWS_SQL.set(table, sql);
  return sql;
}

function makeRowsSql(table: Table): RowsSql {
  const { name, key } = table;
  const insert = insertSql(table);
  const values = valueColumns(table);
  const arrays = key.map((column, at) => `$${at + 1}::${table.columns[column]}[]`);
  return {
    insert,
    upsert: `${insert} ${onConflict(
      table,
      values.map((column) => `${column} = excluded.${column}`),
    )}`,
    add: `${insert} ${onConflict(
      table,
      values.map((column) => `${column} = ${name}.${column} + excluded.${column}`),
    )}`,
    select: `SELECT ${Object.keys(table.columns).join(', ')}
      FROM unnest(${arrays.join(', ')}) AS wanted (${key.join(', ')}) JOIN ${name} USING (${key.join(', ')})`,
  };
}

function insertSql({ name, columns }: Table): string {
  const names = Object.keys(columns);
  const arrays = names.map((column, at) => `$${at + 1}::${columns[column]}[]`);
  return `INSERT INTO ${name} (${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')})`;
}

function columnsOf({ columns }: Table, rows: readonly Row[]): unknown[][] {
  return Object.keys(columns).map((column) => rows.map((row) => row[column]));
}

function valueColumns({ columns, key }: Table): string[] {
  return Object.keys(columns).filter((column) => !key.includes(column));
}

function onConflict({ key }: Table, set: readonly string[]): string {
  return `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`;
}

/** Amounts may exceed what JSON's readers keep as numbers: they are strings. */
export function auditJson(details: unknown): string {
  return JSON.stringify(details, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
}
