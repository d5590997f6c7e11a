/** What the archived events come to: each once, of whatever copies there are. */
import type { CountDimension, CountSource, ThingCounts } from '../../engine/ports/count-source.ts';
import { COUNT_DIMENSIONS, COUNT_MEASURES } from '../../engine/ports/count-source.ts';
import type { DuckDb } from '../archive/duckdb.ts';
import { HOUR_MS, type TimeWindow } from '../archive/layout.ts';
import { type PaidWithinMs, withinMs } from './archived-charges.ts';
import { fromRawFiles } from './raw-events.ts';

const THING: Readonly<Record<CountDimension, string>> = {
  day: "strftime(make_timestamp(at_ms * 1000), '%Y-%m-%d')",
  hour: "strftime(make_timestamp(at_ms * 1000), '%Y-%m-%dT%H')",
  publisher: 'publisher_id',
  dsp: "CASE payer WHEN 'dsp' THEN dsp_id END",
  campaign: "CASE payer WHEN 'dsp' THEN dsp_id || '/' || nullif(campaign_id, '') ELSE campaign_id END",
};

/** `db` is let alone until the source is no longer read. Rejects when the archive cannot be read. */
export async function openArchiveCounts(
  db: DuckDb,
  archive: string,
  { fromMs, toMs }: TimeWindow,
  paidWithinMs: PaidWithinMs,
): Promise<CountSource> {
  const isPaid = `type = billed_by AND at_ms <= sold_at_ms + ${withinMs(paidWithinMs)} AND coalesce(amount_nanos, 0) > 0`;
  await db.run(`CREATE OR REPLACE TABLE counted (type VARCHAR, at_ms BIGINT, publisher_id VARCHAR, payer VARCHAR, dsp_id VARCHAR,
    campaign_id VARCHAR, currency VARCHAR, paid_nanos BIGINT)`);
  await fromRawFiles(
    db,
    archive,
    // Of an event that came again, the first counts.
    { fromMs: fromMs - HOUR_MS, toMs },
    (rows) => `INSERT INTO counted BY NAME SELECT * EXCLUDE (id) FROM (
        SELECT id, first(type) AS type, min(at_ms) AS at_ms, first(publisher_id) AS publisher_id, first(payer) AS payer,
          first(dsp_id) AS dsp_id, first(campaign_id) AS campaign_id, first(currency) AS currency,
          max(CASE WHEN ${isPaid} THEN amount_nanos END) AS paid_nanos
        FROM ${rows} WHERE type IN ('impression', 'click', 'conversion') AND NOT is_test AND at_ms < ${toMs} GROUP BY id)
      WHERE at_ms >= ${fromMs}`,
  );
  return {
    name: 'archive',
    measures: new Set(COUNT_MEASURES),
    dimensions: new Set(COUNT_DIMENSIONS),
    read: (dimension) => readThings(db, THING[dimension]),
  };
}

async function readThings({ rows }: DuckDb, thing: string): Promise<ReadonlyMap<string, ThingCounts>> {
  const found = await rows(`SELECT ${thing} AS id, currency, count(*) FILTER (type = 'impression') AS impressions,
      count(*) FILTER (type = 'click') AS clicks, count(paid_nanos) AS charges, coalesce(sum(paid_nanos), 0)::HUGEINT AS spend
    FROM counted GROUP BY 1, 2 HAVING ${thing} <> '' ORDER BY 1, 2`);
  const things = new Map<string, ThingCounts>();
  for (const { id, currency, impressions, clicks, charges, spend } of found) {
    const known = things.get(id as string);
    const sums = new Map(known?.spend);
    if (charges !== 0n) sums.set(currency as string, spend as bigint);
    things.set(id as string, {
      impressions: Number(impressions) + (known?.impressions ?? 0),
      clicks: Number(clicks) + (known?.clicks ?? 0),
      charges: Number(charges) + (known?.charges ?? 0),
      spend: sums,
    });
  }
  return things;
}
