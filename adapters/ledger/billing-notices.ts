/** `burl`s of what has been billed, on their way to whoever calls them. */
import type { Notice } from '../../engine/ports/notice-sender.ts';
import type { Queryable } from './database.ts';

export const BILLING_NOTICES_SQL = {
  take: `DELETE FROM billing_notice WHERE key IN (
      SELECT key FROM billing_notice ORDER BY at_ms, key LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING dsp_id, auction_id, imp_id, url`,
} as const;

interface NoticeRow {
  readonly dsp_id: string;
  readonly auction_id: string;
  readonly imp_id: string;
  readonly url: string;
  readonly [column: string]: unknown;
}

/**
 * The oldest, at most so many. They are gone from the books with it: called at most once each, whoever asks, and not at all when
 * the process is killed before it has called them.
 */
export async function takeBillingNotices(database: Queryable, countMax: number): Promise<readonly Notice[]> {
  const rows = await database.query<NoticeRow>(BILLING_NOTICES_SQL.take, [countMax]);
  return rows.map(({ dsp_id: dspId, auction_id: auctionId, imp_id: impId, url }) => ({
    kind: 'bill',
    dspId,
    // Tests are not billed, and the books know no users.
    about: { auctionId, impId, userKey: null, isTest: false },
    url,
  }));
}
