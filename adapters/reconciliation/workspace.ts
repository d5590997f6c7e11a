/** Where both sides of a reconciliation are put side by side: tables of a DuckDB that keeps nothing, and spills what is too much. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, type DuckDbOptions, openDuckDb } from '../archive/duckdb.ts';

export type WorkspaceBounds = Pick<DuckDbOptions, 'threads' | 'memoryBytesMax'>;

/** Of the archive: one row for each event that is paid, or undoes a bill, as often as it is archived. */
const EVENT = `CREATE TABLE event (key VARCHAR, kind VARCHAR, at_ms BIGINT, source_partition BIGINT, source_offset BIGINT,
  is_in_time BOOLEAN, payer_kind VARCHAR, payer VARCHAR, publisher_id VARCHAR, currency VARCHAR, amount BIGINT)`;

/** Of the books: one row for each transfer that charges somebody or undoes it; `kind` NULL: a charge without any. */
const BOOKING = `CREATE TABLE booking (key VARCHAR, kind VARCHAR, payer_kind VARCHAR, payer VARCHAR, publisher_id VARCHAR, currency VARCHAR, amount BIGINT,
  fee BIGINT, at_ms BIGINT, charge_state VARCHAR, charge_payer VARCHAR, charge_publisher_id VARCHAR, charge_amount BIGINT,
  charge_fee BIGINT, is_reported BOOLEAN)`;

const OTHERS = `CREATE TABLE consumed (source_partition BIGINT, next_offset BIGINT);
  CREATE TABLE consumed_by_now (source_partition BIGINT, next_offset BIGINT);
  CREATE TABLE archived_by_now (source_partition BIGINT, next_offset BIGINT);
  CREATE TABLE dead_letter (source_partition BIGINT, source_offset BIGINT, reason VARCHAR)`;

/** Runs `work` on new tables, which are gone behind it. */
export async function inWorkspace<Result>(
  { threads, memoryBytesMax }: WorkspaceBounds,
  work: (db: DuckDb) => Promise<Result>,
): Promise<Result> {
  const spillFolder = await mkdtemp(join(tmpdir(), 'gavel-reconcile-'));
  const db = await openDuckDb({ threads, memoryBytesMax, spillFolder });
  try {
    for (const table of [EVENT, BOOKING, OTHERS]) await db.run(table);
    return await work(db);
  } finally {
    db.close();
    await rm(spillFolder, { recursive: true, force: true });
  }
}
