/**
 * The tables of the books, as a deletion sees them. No engine of this version writes a key of a user into one
 * (`event-books.ts`, `receivables.ts`); those before did, into two. The search believes neither: it looks at every row of every table.
 */
import type { UserDataStore } from '../../engine/ports/user-data-store.ts';
import { withoutUserKeys } from '../../engine/privacy/without-user-key.ts';
import type { Database } from '../ledger/database.ts';

/** Rows of one transaction, and pages of one search: nothing is locked or busy for long. */
const ROWS_AT_ONCE = 100;
const PAGES_AT_ONCE = 1024;
const PAGE_BYTES = 8192;

export function tableUserData(database: Database): UserDataStore {
  return {
    name: 'tables',
    erase: async ({ eventKeys }) => {
      let count = 0;
      for (const key of eventKeys)
        count += (await eraseNotices(database, key)) + (await eraseDeadLetters(database, key));
      return count;
    },
    search: async ({ ids, eventKeys, capKeys }) => {
      // A short id of a publisher may stand anywhere and mean something else.
      const words = [...eventKeys, ...capKeys, ...ids.filter((id) => UUID.test(id))];
      let count = 0;
      for (const table of await tableNames(database)) count += await countRowsWith(database, table, words);
      return count;
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function eraseNotices(database: Database, key: string): Promise<number> {
  const rows = await database.query('UPDATE billing_notice SET user_key = NULL WHERE user_key = $1 RETURNING key', [
    key,
  ]);
  return rows.length;
}

interface LetterRow {
  readonly source: string;
  readonly partition: number;
  readonly log_offset: bigint;
  readonly payload: Uint8Array;
  readonly [column: string]: unknown;
}

async function eraseDeadLetters(database: Database, key: string): Promise<number> {
  const bytes = Buffer.from(key, 'latin1');
  let count = 0;
  for (;;) {
    const rows = await database.query<LetterRow>(
      `SELECT source, partition, log_offset, payload FROM dead_letter WHERE position($1::bytea IN payload) > 0
        LIMIT ${ROWS_AT_ONCE}`,
      [bytes],
    );
    for (const { source, partition, log_offset, payload } of rows) {
      const redacted = Buffer.from(payload);
      withoutUserKeys(redacted, [bytes]);
      await database.query(
        'UPDATE dead_letter SET payload = $4 WHERE source = $1 AND partition = $2 AND log_offset = $3',
        [source, partition, log_offset, redacted],
      );
    }
    count += rows.length;
    if (rows.length < ROWS_AT_ONCE) return count;
  }
}

interface Table {
  readonly name: string;
  readonly bytes: bigint;
  readonly [column: string]: unknown;
}

function tableNames(database: Database): Promise<readonly Table[]> {
  return database.query<Table>(
    `SELECT quote_ident(relname) AS name, pg_relation_size(oid) AS bytes FROM pg_class
      WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname`,
  );
}

/** Whole rows as text, in which `bytea` is hexadecimal. */
async function countRowsWith(database: Database, { name, bytes }: Table, words: readonly string[]): Promise<number> {
  const needles = words.flatMap((word) => [word.toLowerCase(), Buffer.from(word).toString('hex')]);
  const pages = Math.ceil(Number(bytes) / PAGE_BYTES);
  let count = 0;
  for (let page = 0; page < pages; page += PAGES_AT_ONCE) {
    const [row] = await database.query<{ count: bigint }>(
      `SELECT count(*) AS count FROM ${name} AS each
        WHERE ctid >= '(${page},0)'::tid AND ctid < '(${page + PAGES_AT_ONCE},0)'::tid
          AND EXISTS (SELECT FROM unnest($1::text[]) AS needle WHERE strpos(lower(each::text), needle) > 0)`,
      [needles],
    );
    count += Number(row!.count);
  }
  return count;
}
