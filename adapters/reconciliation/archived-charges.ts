/**
 * Reads out of the archive which events are paid, and which undo a bill. By docs/billing.md alone: an ad is paid by the event that
 * its sale names, if that comes in time; tests never are; whoever pays, pays under the key AUCTION/IMP/EVENT.
 */
import { OUTCOME_EVENT_VERSION } from '../../engine/events/outcome-events.ts';
import type { DuckDb } from '../archive/duckdb.ts';
import { literal } from '../archive/duckdb.ts';
import { ALL_TIME, type TimeWindow } from '../archive/layout.ts';
import { fromRawFiles } from './raw-events.ts';

/** How long after its sale an ad is paid, ms: by what it is paid by, and for impressions by media. */
export interface PaidWithinMs {
  readonly click: number;
  readonly conversion: number;
  readonly banner: number;
  readonly audio: number;
  readonly video: number;
  readonly native: number;
}

/** Newest version of events that this release reads: the one behind its own. */
const VERSION_MAX = OUTCOME_EVENT_VERSION + 1;

/** Into `event`. */
export async function loadEvents(
  db: DuckDb,
  archive: string,
  window: TimeWindow,
  paidWithinMs: PaidWithinMs,
): Promise<void> {
  const within = `at_ms >= ${Math.floor(window.fromMs)} AND at_ms < ${Math.floor(window.toMs)}`;
  await fromRawFiles(
    db,
    archive,
    window,
    (rows) => `INSERT INTO event ${eventsIn(rows, paidWithinMs)} AND ${within} AND ${PAID}`,
  );
}

/** Into `event`: all that there is of the keys in `suspect` in the hours that the window touches, wins included. */
export async function loadEventsOfSuspects(
  db: DuckDb,
  archive: string,
  window: TimeWindow,
  paidWithinMs: PaidWithinMs,
): Promise<void> {
  const isSuspect = `(${PAID} OR type = 'win') AND ${KEY} IN (SELECT key FROM suspect)`;
  await fromRawFiles(
    db,
    archive,
    window,
    (rows) => `INSERT INTO event ${eventsIn(rows, paidWithinMs)} AND ${isSuspect}`,
  );
}

/** Offset behind the newest archived event of each partition, into `archived_by_now`. */
export async function loadArchivedByNow(db: DuckDb, archive: string): Promise<void> {
  await fromRawFiles(
    db,
    archive,
    ALL_TIME,
    (rows) => `INSERT INTO archived_by_now SELECT source_partition, max(source_offset) + 1 FROM ${rows} GROUP BY 1`,
  );
}

const KEY = "auction_id || '/' || imp_id || '/' || billed_by";
const PAID = "(type = 'refund' OR (type = billed_by AND type IN ('impression', 'click', 'conversion')))";

function eventsIn(rows: string, paidWithinMs: PaidWithinMs): string {
  return `SELECT ${KEY} AS key, CASE WHEN type IN ('refund', 'win') THEN type ELSE 'paid' END AS kind, at_ms,
      source_partition, source_offset, at_ms <= sold_at_ms + ${withinMs(paidWithinMs)} AS is_in_time,
      payer AS payer_kind, CASE payer WHEN 'dsp' THEN dsp_id || '/' || seat ELSE account_id END AS payer, publisher_id,
      CASE WHEN amount_impressions IS NOT NULL THEN 'impressions' ELSE currency END AS currency,
      coalesce(amount_impressions, amount_nanos) AS amount
    FROM ${rows} WHERE NOT is_test AND version <= ${VERSION_MAX}`;
}

/** SQL: how long after its sale an event's ad is paid. */
export function withinMs(within: PaidWithinMs): string {
  const ofMedia = (['banner', 'audio', 'video', 'native'] as const).map(
    (media) => `WHEN ${literal(media)} THEN ${within[media]}`,
  );
  return `CASE billed_by WHEN 'click' THEN ${within.click} WHEN 'conversion' THEN ${within.conversion}
    ELSE CASE media ${ofMedia.join(' ')} END END`;
}
