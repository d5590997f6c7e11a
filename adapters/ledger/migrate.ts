import { createHash } from 'node:crypto';
import type { Database, Queryable } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';

/** Any number that nothing else in the database locks: engines that start together migrate one after the other. */
const LOCK = 4_142_837;

/**
 * Brings the database to this release's tables, all in one transaction. Migrations that a later release added are left
 * alone. Rejects when one that ran is not the one we know.
 */
export async function migrate(database: Database, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await tx.script(`CREATE TABLE IF NOT EXISTS migration (
      number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, run_at timestamptz NOT NULL DEFAULT now())`);
    const checksums = await checksumsOfRun(tx);
    for (const migration of migrations) await run(tx, migration, checksums.get(migration.number));
  });
}

async function checksumsOfRun(tx: Queryable): Promise<ReadonlyMap<number, string>> {
  const rows = await tx.query<{ number: number; checksum: string }>('SELECT number, checksum FROM migration');
  return new Map(rows.map(({ number, checksum }) => [number, checksum]));
}

async function run(tx: Queryable, { number, name, sql }: Migration, checksumOfRun: string | undefined): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex');
  if (checksumOfRun === checksum) return;
  if (checksumOfRun !== undefined) {
    throw new Error(`migration ${number} (${name}) ran with other SQL than this release has: the database is not ours`);
  }
  await tx.script(sql);
  await tx.query('INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)', [number, name, checksum]);
}
