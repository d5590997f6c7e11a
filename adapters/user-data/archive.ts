/** Raw files of an archive, as a deletion sees them. The sums by hour know no users. */

import type { ErasedUsers, UserDataStore } from '../../engine/ports/user-data-store.ts';
import { withArchiveLock } from '../archive/archive-lock.ts';
import { type DuckDb, parquet } from '../archive/duckdb.ts';
import { ALL_TIME, listRawFiles, listSetAside } from '../archive/layout.ts';
import { rewriteRawFile } from '../archive/raw-files.ts';

export interface ArchiveUserDataOptions {
  readonly folder: string;
  /** Closed after each look. */
  readonly openDb: () => Promise<DuckDb>;
  /** Resolves when whatever was read before for the archive is in it. Rejects while it is not. */
  readonly settle: (users: ErasedUsers) => Promise<void>;
}

/** Whoever merges or sums up files has done so by then. */
const LOCK_MS_MAX = 60_000;
/** Files of one query. */
const FILES_AT_ONCE = 500;

export function archiveUserData({ folder, openDb, settle }: ArchiveUserDataOptions): UserDataStore {
  const withDb = async <Result>(work: (db: DuckDb) => Promise<Result>): Promise<Result> => {
    const db = await openDb();
    try {
      return await work(db);
    } finally {
      db.close();
    }
  };
  return {
    name: 'archive',
    erase: async (users) => {
      await settle(users);
      return withDb((db) => withArchiveLock(folder, LOCK_MS_MAX, () => redactFiles(db, folder, users)));
    },
    search: async (users) => {
      const damaged = await listSetAside(folder, ALL_TIME);
      if (damaged.length > 0) throw new Error(`waits until ${damaged.length} damaged files are removed`);
      return withDb((db) => countRows(db, folder, users));
    },
  };
}

/** By the column of user keys. */
async function redactFiles(db: DuckDb, folder: string, { eventKeys }: ErasedUsers): Promise<number> {
  const isMeant = `user_key IN (${eventKeys.map((_, at) => `$${at + 1}`).join(', ')})`;
  const query = `SELECT * REPLACE (
      CASE WHEN ${isMeant} THEN NULL ELSE user_key END AS user_key,
      CASE WHEN ${isMeant} THEN replace(replace(payload, '"userKey":"' || user_key || '"', '"userKey":null'), user_key, '0')
        ELSE payload END AS payload) FROM file`;
  let count = 0;
  for (const { path } of await listRawFiles(folder, ALL_TIME)) {
    const found = `SELECT count(*) AS rows FROM ${parquet([path])} WHERE ${isMeant}`;
    const [row] = await db.rows(found, eventKeys);
    if (Number(row!.rows) === 0) continue;
    count += Number(row!.rows);
    await rewriteRawFile(db, path, query, eventKeys);
  }
  return count;
}

/** By the text of the events, whatever the columns say. */
async function countRows(db: DuckDb, folder: string, { eventKeys }: ErasedUsers): Promise<number> {
  const paths = (await listRawFiles(folder, ALL_TIME)).map(({ path }) => path);
  const holds = eventKeys.map(
    (_, at) => `contains(payload, $${at + 1}) OR contains(coalesce(user_key, ''), $${at + 1})`,
  );
  let count = 0;
  for (let from = 0; from < paths.length; from += FILES_AT_ONCE) {
    const files = parquet(paths.slice(from, from + FILES_AT_ONCE));
    const [row] = await db.rows(`SELECT count(*) AS rows FROM ${files} WHERE ${holds.join(' OR ')}`, eventKeys);
    count += Number(row!.rows);
  }
  return count;
}
