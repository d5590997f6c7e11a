/** The `CampaignStore` over the ledger's database: bookings and the accounts that bound them change together. */
import type {
  Booking,
  BookingChange,
  BookingKind,
  BookingWrite,
  CampaignStore,
} from '../../engine/ports/campaign-store.ts';
import { CampaignStoreError } from '../../engine/ports/campaign-store.ts';
import { setAccountTerms } from './accounts.ts';
import { bookedTerms } from './booked-terms.ts';
import { BOOKING_KINDS, BOOKING_TABLES, type BookingTable, fromRow, toRow } from './booking-rows.ts';
import { judgeVersion, whyInvalid } from './booking-rules.ts';
import { databaseNowMs } from './books.ts';
import type { Database, Queryable, Row } from './database.ts';
import { AUDIT, auditJson, insertRows, selectRows, upsertRows } from './rows.ts';

export const CAMPAIGN_STORE_SQL = {
  takeSequences: 'UPDATE booking_sequence SET value = value + $1 RETURNING value',
  lastSequence: 'SELECT value FROM booking_sequence',
  aCampaignOf: 'SELECT id FROM campaign WHERE advertiser_id = $1 LIMIT 1',
  history: 'SELECT at_ms, actor, details FROM audit WHERE subject = $1 ORDER BY id DESC LIMIT $2',
} as const;

/** A page by id. */
export const LIST_SQL = ofEachKind(
  ({ name, columns, parent }) => `SELECT ${Object.keys(columns).join(', ')} FROM ${name}
    WHERE id > $1 AND ($2::text IS NULL OR ${parent ?? 'id'} = $2) ORDER BY id LIMIT $3`,
);

/** Between two sequences. */
export const CHANGES_SQL = ofEachKind(
  ({ name, columns }) => `SELECT ${Object.keys(columns).join(', ')} FROM ${name}
    WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3`,
);

function ofEachKind(sqlOf: (table: BookingTable) => string): Readonly<Record<BookingKind, string>> {
  return Object.fromEntries(BOOKING_KINDS.map((kind) => [kind, sqlOf(BOOKING_TABLES[kind])])) as Record<
    BookingKind,
    string
  >;
}

/** The database must be migrated. `nowMs` null: the database's clock. Closing is the ledger's. */
export function openCampaignStore(
  database: Database,
  { nowMs }: { readonly nowMs: (() => number) | null },
): CampaignStore {
  return {
    write: (writes, actor) => database.transaction((tx) => writeAll(tx, writes, { actor, nowMs: nowMs?.() ?? null })),
    read: async (kind, id) => {
      const [row] = await selectRows(database, BOOKING_TABLES[kind], [{ id }]);
      return row === undefined ? null : fromRow(kind, row);
    },
    readMany: async (kind, ids) => {
      const keys = [...new Set(ids)].map((id) => ({ id }));
      const rows = await selectRows(database, BOOKING_TABLES[kind], keys);
      return rows.map((row) => fromRow(kind, row));
    },
    list: async (kind, query) => {
      const { parent } = BOOKING_TABLES[kind];
      if (query.parentId !== undefined && parent === null) throw new RangeError(`a ${kind} has no parent`);
      const rows = await database.query(LIST_SQL[kind], [query.afterId ?? '', query.parentId ?? null, query.limit]);
      return rows.map((row) => fromRow(kind, row));
    },
    changesSince: (sequence, limit) => changesSince(database, sequence, limit),
    history: (kind, id, limit) => history(database, `${kind} ${id}`, limit),
  };
}

interface Writer {
  readonly actor: string;
  readonly nowMs: number | null;
}

async function writeAll(
  tx: Queryable,
  writes: readonly BookingWrite[],
  { actor, nowMs }: Writer,
): Promise<readonly Booking[]> {
  if (writes.length === 0) return [];
  const first = await takeSequences(tx, writes.length);
  const updatedAtMs = nowMs ?? Number(await databaseNowMs(tx));
  const stored = await loadNamed(tx, writes);
  const written = stage(writes, stored, { first, updatedAtMs });
  await judge(tx, writes, { stored, written });
  for (const kind of BOOKING_KINDS) {
    const rows = written.filter((booking) => booking.kind === kind).map(toRow);
    await upsertRows(tx, BOOKING_TABLES[kind], rows);
  }
  await setAccountTerms(tx, await bookedTerms(tx, written), { actor, nowMs });
  await insertRows(
    tx,
    AUDIT,
    written.map((booking) => auditRow(booking, stored.get(nameOf(booking)), actor)),
  );
  return written;
}

/** Those of this transaction, the first of them. Others wait here until it is over. */
async function takeSequences(tx: Queryable, count: number): Promise<number> {
  const [row] = await tx.query<{ value: bigint }>(CAMPAIGN_STORE_SQL.takeSequences, [count]);
  return Number(row!.value) - count + 1;
}

function nameOf({ kind, value: { id } }: Pick<Booking, 'kind'> & { readonly value: { readonly id: string } }): string {
  return `${kind} ${id}`;
}

/** What is written, and what that refers to. */
async function loadNamed(tx: Queryable, writes: readonly BookingWrite[]): Promise<ReadonlyMap<string, Booking>> {
  const ids = new Map<BookingKind, Set<string>>(BOOKING_KINDS.map((kind) => [kind, new Set()]));
  for (const { kind, value } of writes) {
    ids.get(kind)!.add(value.id);
    if ('advertiserId' in value) ids.get('advertiser')!.add(value.advertiserId);
    if ('campaignId' in value) ids.get('campaign')!.add(value.campaignId);
    if ('creativeIds' in value) for (const id of value.creativeIds) ids.get('creative')!.add(id);
  }
  const found = new Map<string, Booking>();
  for (const [kind, wanted] of ids) {
    const rows = await selectRows(
      tx,
      BOOKING_TABLES[kind],
      [...wanted].map((id) => ({ id })),
    );
    for (const row of rows) found.set(`${kind} ${row.id}`, fromRow(kind, row));
  }
  return found;
}

function stage(
  writes: readonly BookingWrite[],
  stored: ReadonlyMap<string, Booking>,
  { first, updatedAtMs }: { readonly first: number; readonly updatedAtMs: number },
): readonly Booking[] {
  return writes.map((write, at) => {
    const version = (stored.get(nameOf(write))?.version ?? 0) + 1;
    return { kind: write.kind, value: write.value, version, sequence: first + at, updatedAtMs } as Booking;
  });
}

async function judge(
  tx: Queryable,
  writes: readonly BookingWrite[],
  { stored, written }: { readonly stored: ReadonlyMap<string, Booking>; readonly written: readonly Booking[] },
): Promise<void> {
  const future = new Map([...stored, ...written.map((booking) => [nameOf(booking), booking] as const)]);
  const lookup = <Kind extends BookingKind>(kind: Kind, id: string) =>
    future.get(`${kind} ${id}`) as Booking<Kind> | undefined;
  const seen = new Set<string>();
  for (const [index, write] of writes.entries()) {
    const name = nameOf(write);
    judgeVersion(write, stored.get(name), index);
    const why = seen.has(name) ? 'it is written twice' : whyInvalid(write, stored.get(name), lookup);
    if (why !== null) throw new CampaignStoreError('invalid', `${name}: ${why}`, index);
    seen.add(name);
    await judgeCurrency(tx, write, stored.get(name), index);
  }
}

/** Budgets are amounts of it. */
async function judgeCurrency(
  tx: Queryable,
  { kind, value }: BookingWrite,
  before: Booking | undefined,
  index: number,
): Promise<void> {
  if (kind !== 'advertiser' || before?.kind !== 'advertiser' || before.value.currency === value.currency) return;
  const campaigns = await tx.query(CAMPAIGN_STORE_SQL.aCampaignOf, [value.id]);
  if (campaigns.length === 0) return;
  throw new CampaignStoreError('invalid', `advertiser ${value.id}: currency is fixed once it has a campaign`, index);
}

function auditRow(after: Booking, before: Booking | undefined, actor: string): Row {
  const details = auditJson({ before: before?.value ?? null, after: after.value, version: after.version });
  const action = before === undefined ? 'create' : 'update';
  return { at_ms: after.updatedAtMs, actor, action, subject: nameOf(after), details };
}

/** Up to a sequence that is known first: what is written while the tables are read comes next time. */
async function changesSince(database: Queryable, sequence: number, limit: number): Promise<readonly Booking[]> {
  const [last] = await database.query<{ value: bigint }>(CAMPAIGN_STORE_SQL.lastSequence);
  if (Number(last!.value) <= sequence) return [];
  const changes: Booking[] = [];
  for (const kind of BOOKING_KINDS) {
    const rows = await database.query(CHANGES_SQL[kind], [sequence, last!.value, limit]);
    for (const row of rows) changes.push(fromRow(kind, row));
  }
  return changes.sort((one, other) => one.sequence - other.sequence).slice(0, limit);
}

async function history(database: Queryable, subject: string, limit: number): Promise<readonly BookingChange[]> {
  const rows = await database.query<{
    at_ms: bigint;
    actor: string;
    details: { before: unknown; after: unknown };
    [column: string]: unknown;
  }>(CAMPAIGN_STORE_SQL.history, [subject, limit]);
  return rows.map(({ at_ms, actor, details: { before, after } }) => ({ atMs: Number(at_ms), actor, before, after }));
}
