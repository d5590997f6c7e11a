/** `burl`s of what has been billed, on their way to whoever calls them. */
import type { Queryable } from './database.ts';

export interface BillingNotice {
  readonly dspId: string;
  readonly url: string;
}

/**
 * The oldest, at most so many. They are gone from the books with it: called at most once each, whoever asks, and not at all when
 * the process is killed before it has called them.
 */
export async function takeBillingNotices(database: Queryable, countMax: number): Promise<readonly BillingNotice[]> {
  const rows = await database.query<{ dsp_id: string; url: string }>(
    `DELETE FROM billing_notice WHERE key IN (
      SELECT key FROM billing_notice ORDER BY at_ms, key LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING dsp_id, url`,
    [countMax],
  );
  return rows.map(({ dsp_id: dspId, url }) => ({ dspId, url }));
}
