/** Removes rows whose time is over, some at a time: no statement holds locks for long. Money is not among them. */
import type { Database } from './database.ts';

/** What is removed, and the age that decides. Certificates are of `deletions`; those that are open stay. */
export interface RetentionAges {
  readonly deadLettersMs: number;
  readonly billingNoticesMs: number;
  readonly deletionsMs: number;
}

export type RetainedRows = 'dead-letters' | 'billing-notices' | 'deletions';

const ROWS_AT_ONCE = 500;

/** `nowMs`: wall clock. Resolves when nothing that is too old is left; `onRemoved` is told of each part. */
export async function removeExpired(
  database: Database,
  { deadLettersMs, billingNoticesMs, deletionsMs }: RetentionAges,
  nowMs: number,
  onRemoved: (rows: RetainedRows, count: number) => void,
): Promise<void> {
  const remove = async (rows: RetainedRows, sql: string, ageMs: number): Promise<void> => {
    for (;;) {
      const { length } = await database.query(sql, [Math.floor(nowMs - ageMs)]);
      if (length > 0) onRemoved(rows, length);
      if (length < ROWS_AT_ONCE) return;
    }
  };
  await remove('dead-letters', DEAD_LETTERS, deadLettersMs);
  await remove('billing-notices', BILLING_NOTICES, billingNoticesMs);
  await remove('deletions', DELETIONS, deletionsMs);
}

const DEAD_LETTERS = `DELETE FROM dead_letter WHERE (source, partition, log_offset) IN (
  SELECT source, partition, log_offset FROM dead_letter WHERE at_ms < $1 LIMIT ${ROWS_AT_ONCE}) RETURNING log_offset`;
const BILLING_NOTICES = `DELETE FROM billing_notice WHERE key IN (
  SELECT key FROM billing_notice WHERE at_ms < $1 LIMIT ${ROWS_AT_ONCE}) RETURNING key`;
/** Not while its users are still kept out of events. */
const DELETIONS = `DELETE FROM deletion WHERE id IN (
  SELECT id FROM deletion WHERE state = 'certified' AND certified_at_ms < $1 AND unlinked_until_ms < $1
  LIMIT ${ROWS_AT_ONCE}) RETURNING id`;
