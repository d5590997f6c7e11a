/**
 * `burl`s that no event of their ad carries: kept from its win until the books have both that and the bill, whichever comes first. What
 * was handed on leaves its key here, so that a replay hands on nothing again.
 */
import { storable } from '../../engine/campaign/storable.ts';
import type { PendingNotice } from '../../engine/ports/event-books.ts';
import type { Queryable } from './database.ts';

/** From the sale; longer than any log or topic keeps its event. A win that is read later than that is passed over. */
const KEPT_MS = 2_592_000_000;
/** Two transactions that do not see each other, one with the win, one with the bill, have both ended by then. */
const RACE_MS = 600_000;

/** Those of wins, some of which may be billed already. */
export async function keepPendingNotices(
  tx: Queryable,
  notices: readonly PendingNotice[],
  nowMs: bigint,
): Promise<void> {
  const kept = notices.filter(({ soldAtMs }) => soldAtMs + KEPT_MS > nowMs);
  if (kept.length === 0) return;
  await tx.query(PENDING_NOTICES_SQL.keep, [
    nowMs,
    kept.map(({ key }) => key),
    kept.map(({ dspId }) => dspId),
    kept.map(({ notice }) => notice.about.auctionId),
    kept.map(({ notice }) => notice.about.impId),
    kept.map(({ notice }) => storable(notice.url)),
    kept.map(({ soldAtMs }) => soldAtMs + KEPT_MS),
  ]);
}

/** Of these keys, what is billed goes to where notices are taken from to be called. */
export async function handOnPendingNotices(tx: Queryable, keys: readonly string[], nowMs: bigint): Promise<void> {
  if (keys.length > 0) await tx.query(PENDING_NOTICES_SQL.handOn, [nowMs, keys]);
}

/** Finds what two transactions have hidden from each other, and forgets what is old. `nowMs`: epoch ms. */
export async function sweepPendingNotices(database: Queryable, nowMs: number): Promise<void> {
  await database.query(PENDING_NOTICES_SQL.handOnKept, [nowMs, nowMs - RACE_MS]);
  await database.query(PENDING_NOTICES_SQL.forget, [nowMs]);
}

function handOn(which: string): string {
  return `WITH due AS (
      SELECT n.key, n.url FROM pending_notice n JOIN dsp_transfer t ON t.key = n.key AND t.kind = 'bill'
      WHERE n.url IS NOT NULL AND ${which}
        AND NOT EXISTS (SELECT FROM dsp_transfer r WHERE r.key = n.key AND r.kind = 'refund')
      ORDER BY n.key FOR UPDATE OF n
    ), handed_on AS (
      UPDATE pending_notice n SET url = NULL FROM due WHERE n.key = due.key
      RETURNING n.key, n.dsp_id, n.auction_id, n.imp_id, due.url
    )
    INSERT INTO billing_notice (key, dsp_id, auction_id, imp_id, url, at_ms)
    SELECT *, $1::bigint FROM handed_on ON CONFLICT DO NOTHING`;
}

export const PENDING_NOTICES_SQL = {
  keep: `INSERT INTO pending_notice (key, dsp_id, auction_id, imp_id, url, kept_at_ms, until_ms)
      SELECT key, dsp_id, auction_id, imp_id, url, $1, until_ms
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
        AS row (key, dsp_id, auction_id, imp_id, url, until_ms)
      ON CONFLICT DO NOTHING`,
  handOn: handOn('n.key = ANY ($2::text[])'),
  handOnKept: handOn('n.kept_at_ms > $2'),
  forget: 'DELETE FROM pending_notice WHERE until_ms <= $1',
} as const;
