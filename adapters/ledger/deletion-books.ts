/** The `DeletionBooks` over the ledger's database. Requests, retirements and certificates are audited, by hashes alone. */
import type {
  DataKeeper,
  Deletion,
  DeletionBooks,
  DeletionKind,
  DeletionPart,
  NewDeletion,
  OpenDeletion,
  RequestedDeletion,
} from '../../engine/ports/deletion-books.ts';
import { OPEN_MAX, PRESENT_MS } from '../../engine/ports/deletion-books.ts';
import { databaseNowMs } from './books.ts';
import type { Database, Queryable } from './database.ts';
import { AUDIT, auditJson, insertRows } from './rows.ts';

interface DeletionRow {
  readonly id: string;
  readonly kind: DeletionKind;
  readonly state: 'open' | 'certified';
  readonly subjects: readonly string[];
  readonly sealed: Uint8Array | null;
  readonly requested_by: string;
  readonly requested_at_ms: bigint;
  readonly certified_at_ms: bigint | null;
  readonly certificate: object | null;
  readonly [column: string]: unknown;
}

const COLUMNS = `id, kind, state, subjects, sealed, requested_by, requested_at_ms, certified_at_ms, certificate`;

/** The database must be migrated. `nowMs` null: the database's clock. Closing is the ledger's. */
export function openDeletionBooks(
  database: Database,
  { nowMs }: { readonly nowMs: (() => number) | null },
): DeletionBooks {
  const now = async (tx: Queryable): Promise<number> => nowMs?.() ?? Number(await databaseNowMs(tx));
  return {
    request: (deletion) => database.transaction(async (tx) => request(tx, deletion, await now(tx))),
    read: async (id) => {
      const [row] = await database.query<DeletionRow>(`SELECT ${COLUMNS} FROM deletion WHERE id = $1`, [id]);
      return row === undefined ? null : toDeletion(row);
    },
    list: async ({ beforeId, limit }) => {
      const rows = await database.query<DeletionRow>(
        `SELECT ${COLUMNS} FROM deletion WHERE $1::text IS NULL
          OR (requested_at_ms, id) < (SELECT requested_at_ms, id FROM deletion WHERE id = $1)
          ORDER BY requested_at_ms DESC, id DESC LIMIT $2`,
        [beforeId ?? null, limit],
      );
      return rows.map(toDeletion);
    },
    parts: (id) => parts(database, id),
    keepers: () => keepers(database),
    unlinkedSince: async (sequence, limit) => {
      const rows = await database.query<{ subjects: string[]; unlinked_until_ms: bigint | null; sequence: bigint }>(
        'SELECT subjects, unlinked_until_ms, sequence FROM deletion WHERE sequence > $1 ORDER BY sequence LIMIT $2',
        [sequence, limit],
      );
      return rows.map(({ subjects, unlinked_until_ms: untilMs, sequence: at }) => ({
        subjects,
        untilMs: toNumber(untilMs),
        sequence: Number(at),
      }));
    },
    openIds: async () => {
      const rows = await database.query<{ id: string }>(
        `SELECT id FROM deletion WHERE state = 'open' ORDER BY requested_at_ms, id LIMIT ${OPEN_MAX}`,
      );
      return rows.map(({ id }) => id);
    },
    open: async (ids) => {
      const rows = await database.query<DeletionRow>(
        `SELECT ${COLUMNS} FROM deletion WHERE state = 'open' AND id = ANY ($1::text[]) ORDER BY requested_at_ms, id`,
        [ids],
      );
      return rows.map((row): OpenDeletion => ({ ...toDeletion(row), sealed: row.sealed! }));
    },
    openCount: async () => {
      const [row] = await database.query<{ count: bigint; oldest: bigint | null }>(
        `SELECT count(*) AS count, min(requested_at_ms) AS oldest FROM deletion WHERE state = 'open'`,
      );
      return { count: Number(row!.count), oldestAtMs: toNumber(row!.oldest) };
    },
    keeperIsHere: async ({ id, name, stores }) => {
      const seen = await database.query(
        `INSERT INTO data_keeper (id, name, stores, seen_at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE
          SET name = $2, stores = $3, seen_at_ms = $4 WHERE data_keeper.retired_at_ms IS NULL RETURNING id`,
        [id, name, stores, Math.floor(await now(database))],
      );
      return seen.length > 0;
    },
    retireKeeper: (id, by) => database.transaction(async (tx) => retire(tx, id, by, await now(tx))),
    claim: async (id, keeperId, forMs) => {
      const atMs = Math.floor(await now(database));
      const claimed = await database.query(
        `UPDATE deletion SET claimed_by = $2, claimed_until_ms = $3 WHERE id = $1 AND state = 'open'
          AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until_ms < $4) RETURNING id`,
        [id, keeperId, atMs + forMs, atMs],
      );
      return claimed.length > 0;
    },
    report: async (deletionId, found) => {
      const atMs = Math.floor(await now(database));
      for (const { keeperId, store, removed, remaining, waitsFor } of found) {
        await database.query(
          `INSERT INTO deletion_part (deletion_id, keeper_id, store, removed, remaining, searched_at_ms, waits_for)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (deletion_id, keeper_id, store) DO UPDATE
            SET removed = deletion_part.removed + $4, remaining = $5, searched_at_ms = $6, waits_for = $7`,
          [deletionId, keeperId, store, removed, remaining, atMs, waitsFor],
        );
      }
    },
    certify: (id, certificate, unlinkedUntilMs) =>
      database.transaction(async (tx) => certify(tx, { id, certificate, unlinkedUntilMs }, await now(tx))),
    nowMs: () => now(database),
  };
}

async function request(
  tx: Queryable,
  deletion: NewDeletion,
  nowMs: number,
): Promise<RequestedDeletion | 'conflict' | 'full'> {
  // Others that ask wait here until this is over: two that ask for the same at a time make one request.
  const sequence = await nextSequence(tx);
  const { id, idempotencyKey, kind, subjects, sealed, requestedBy } = deletion;
  const [known] = await tx.query<DeletionRow>(
    idempotencyKey === null
      ? `SELECT ${COLUMNS} FROM deletion WHERE state = 'open' AND subjects = $1::text[]`
      : `SELECT ${COLUMNS} FROM deletion WHERE idempotency_key = $1`,
    [idempotencyKey ?? subjects],
  );
  if (known !== undefined) {
    const isSame = known.subjects.join() === subjects.join();
    return isSame ? { deletion: toDeletion(known), isNew: false } : 'conflict';
  }
  const [open] = await tx.query<{ count: bigint }>(`SELECT count(*) AS count FROM deletion WHERE state = 'open'`);
  if (Number(open!.count) >= OPEN_MAX) return 'full';
  const [row] = await tx.query<DeletionRow>(
    `INSERT INTO deletion (id, idempotency_key, kind, state, subjects, sealed, sequence, requested_by, requested_at_ms)
      VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
    [id, idempotencyKey, kind, subjects, sealed, sequence, requestedBy, Math.floor(nowMs)],
  );
  await audit(
    tx,
    nowMs,
    { actor: requestedBy, action: 'request-deletion', subject: `deletion ${id}` },
    { kind, subjects },
  );
  return { deletion: toDeletion(row!), isNew: true };
}

async function certify(
  tx: Queryable,
  {
    id,
    certificate,
    unlinkedUntilMs,
  }: { readonly id: string; readonly certificate: object; readonly unlinkedUntilMs: number },
  nowMs: number,
): Promise<boolean> {
  const sequence = await nextSequence(tx);
  const certified = await tx.query(
    `UPDATE deletion SET state = 'certified', sealed = NULL, sequence = $2, certified_at_ms = $3, certificate = $4::jsonb,
      unlinked_until_ms = $5 WHERE id = $1 AND state = 'open' RETURNING id`,
    [id, sequence, Math.floor(nowMs), auditJson(certificate), Math.floor(unlinkedUntilMs)],
  );
  if (certified.length === 0) return false;
  await audit(tx, nowMs, { actor: 'gavel', action: 'certify-deletion', subject: `deletion ${id}` }, {});
  return true;
}

async function retire(
  tx: Queryable,
  id: string,
  by: string,
  nowMs: number,
): Promise<'retired' | 'present' | 'unknown'> {
  const [keeper] = await tx.query<{ name: string; seen_at_ms: bigint }>(
    'SELECT name, seen_at_ms FROM data_keeper WHERE id = $1 AND retired_at_ms IS NULL FOR UPDATE',
    [id],
  );
  if (keeper === undefined) return 'unknown';
  if (Number(keeper.seen_at_ms) > nowMs - PRESENT_MS) return 'present';
  await tx.query('UPDATE data_keeper SET retired_at_ms = $2, retired_by = $3 WHERE id = $1', [
    id,
    Math.floor(nowMs),
    by,
  ]);
  await audit(tx, nowMs, { actor: by, action: 'retire-keeper', subject: `keeper ${id}` }, { name: keeper.name });
  return 'retired';
}

async function nextSequence(tx: Queryable): Promise<bigint> {
  const [row] = await tx.query<{ value: bigint }>('UPDATE deletion_sequence SET value = value + 1 RETURNING value');
  return row!.value;
}

async function audit(
  tx: Queryable,
  nowMs: number,
  who: { readonly actor: string; readonly action: string; readonly subject: string },
  details: object,
): Promise<void> {
  await insertRows(tx, AUDIT, [{ at_ms: Math.floor(nowMs), ...who, details: auditJson(details) }]);
}

async function parts(database: Queryable, id: string): Promise<readonly DeletionPart[]> {
  const rows = await database.query<{
    keeper_id: string;
    store: string;
    removed: bigint;
    remaining: bigint | null;
    searched_at_ms: bigint;
    waits_for: string | null;
  }>(
    `SELECT keeper_id, store, removed, remaining, searched_at_ms, waits_for FROM deletion_part WHERE deletion_id = $1
      ORDER BY keeper_id, store`,
    [id],
  );
  return rows.map(({ keeper_id: keeperId, store, removed, remaining, searched_at_ms, waits_for: waitsFor }) => ({
    keeperId,
    store,
    removed: Number(removed),
    remaining: toNumber(remaining),
    searchedAtMs: Number(searched_at_ms),
    waitsFor,
  }));
}

async function keepers(database: Queryable): Promise<readonly DataKeeper[]> {
  const rows = await database.query<{
    id: string;
    name: string;
    stores: string[];
    seen_at_ms: bigint;
    retired_at_ms: bigint | null;
    retired_by: string | null;
  }>('SELECT id, name, stores, seen_at_ms, retired_at_ms, retired_by FROM data_keeper ORDER BY id');
  return rows.map(({ id, name, stores, seen_at_ms, retired_at_ms, retired_by }) => ({
    id,
    name,
    stores,
    seenAtMs: Number(seen_at_ms),
    retired: retired_by === null ? null : { atMs: Number(retired_at_ms), by: retired_by },
  }));
}

function toDeletion(row: DeletionRow): Deletion {
  const { id, kind, state, subjects, certificate } = row;
  return {
    id,
    kind,
    state,
    subjects,
    requestedBy: row.requested_by,
    requestedAtMs: Number(row.requested_at_ms),
    certifiedAtMs: toNumber(row.certified_at_ms),
    certificate,
  };
}

function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
