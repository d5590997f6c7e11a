/**
 * What the events of an hour come to: rows of several kinds with the columns of one table, so that all of a day is one file, in
 * whose place another can be put at once. A column that a kind does not have is NULL.
 *
 *     delivery  per publisher, placement, media and buyer: what was sold, shown, clicked, and the money of it
 *     fill      per placement: impressions asked for, and sold
 *     auction   per ending and duration: auctions
 *     call      per DSP, result and duration: calls
 *     bid       per DSP and what was bid: bids, and those that won
 *     hour      the raw files that the other rows of the hour were made from
 */

/** Column and type, in their order in the files. New ones are added behind. */
export const HOURLY_COLUMNS: Readonly<Record<string, string>> = {
  kind: 'VARCHAR',
  hour_ms: 'BIGINT',
  is_test: 'BOOLEAN',
  publisher_id: 'VARCHAR',
  placement_id: 'VARCHAR',
  media: 'VARCHAR',
  payer: 'VARCHAR',
  dsp_id: 'VARCHAR',
  advertiser_id: 'VARCHAR',
  campaign_id: 'VARCHAR',
  line_item_id: 'VARCHAR',
  currency: 'VARCHAR',
  ending: 'VARCHAR',
  result: 'VARCHAR',
  duration_bucket: 'INTEGER',
  price_bucket: 'INTEGER',
  wins: 'BIGINT',
  impressions: 'BIGINT',
  viewables: 'BIGINT',
  clicks: 'BIGINT',
  conversions: 'BIGINT',
  expired: 'BIGINT',
  refunds: 'BIGINT',
  revenue_nanos: 'BIGINT',
  refunded_nanos: 'BIGINT',
  guaranteed_impressions: 'BIGINT',
  imps: 'BIGINT',
  unanswered: 'BIGINT',
  filled: 'BIGINT',
  auctions: 'BIGINT',
  calls: 'BIGINT',
  bids: 'BIGINT',
  won: 'BIGINT',
  refused: 'BIGINT',
  files: 'VARCHAR[]',
};

/** Durations are counted in buckets, each longer than the one before by this factor: percentiles are at most so far off. */
const DURATION_FACTOR = 1.1;
/** ms; the first bucket is up to there. */
const DURATION_MS_MIN = 0.1;
/** Of the prices between one power of ten and the next. */
const PRICE_BUCKETS_PER_DECADE = 10;

/** The longest duration of a bucket, ms. */
export const DURATION_MS_OF_BUCKET = `${DURATION_MS_MIN} * pow(${DURATION_FACTOR}, duration_bucket)`;
/** The least price of a bucket, micros per mille; NULL: those that were worth nothing. */
export const PRICE_MICROS_OF_BUCKET = `pow(10, price_bucket / ${PRICE_BUCKETS_PER_DECADE})`;

function durationBucket(ms: string): string {
  return `greatest(0, ceil(ln(greatest(${ms}, ${DURATION_MS_MIN}) / ${DURATION_MS_MIN}) / ln(${DURATION_FACTOR})))::INTEGER`;
}

function priceBucket(micros: string): string {
  return `CASE WHEN ${micros} > 0 THEN floor(${PRICE_BUCKETS_PER_DECADE} * log10(${micros}))::INTEGER END`;
}

/** How many rows are of a type. */
function countOf(type: string): string {
  return `count(*) FILTER (type = '${type}')`;
}

const SALE_DIMENSIONS =
  'is_test, publisher_id, placement_id, media, payer, dsp_id, advertiser_id, campaign_id, line_item_id, currency';

/** Over raw rows of one hour, one of each id. */
const KINDS: Readonly<Record<string, (rows: string) => string>> = {
  // What only stands in payers' accounts of impressions is no money: `amount_nanos` is NULL there.
  delivery: (rows) => `SELECT ${SALE_DIMENSIONS},
      ${countOf('win')} AS wins, ${countOf('impression')} AS impressions, ${countOf('viewable')} AS viewables,
      ${countOf('click')} AS clicks, ${countOf('conversion')} AS conversions,
      ${countOf('win_expired')} AS expired, ${countOf('refund')} AS refunds,
      coalesce(sum(amount_nanos) FILTER (type = billed_by), 0)::BIGINT AS revenue_nanos,
      coalesce(sum(amount_nanos) FILTER (type = 'refund'), 0)::BIGINT AS refunded_nanos,
      coalesce(sum(amount_impressions) FILTER (type = billed_by), 0)::BIGINT AS guaranteed_impressions
    FROM ${rows} WHERE payer IS NOT NULL GROUP BY ALL`,
  fill: (rows) => `SELECT is_test, publisher_id, imp.placement_id AS placement_id, count(*) AS imps,
      count(*) FILTER (ending IN ('cancelled', 'failed')) AS unanswered,
      count(*) FILTER (ending = 'won' AND list_contains(sold, imp.imp_id)) AS filled
    FROM (SELECT is_test, publisher_id, ending, unnest(imps) AS imp,
      list_transform(list_filter(bids, lambda b: b.status = 'won'), lambda b: b.imp_id) AS sold
      FROM ${rows} WHERE type = 'auction') GROUP BY ALL`,
  auction: (rows) => `SELECT is_test, ending, ${durationBucket('answered_ms')} AS duration_bucket, count(*) AS auctions
    FROM ${rows} WHERE type = 'auction' GROUP BY ALL`,
  call: (rows) => `SELECT is_test, call.dsp_id AS dsp_id, call.result AS result,
      ${durationBucket('call.latency_ms')} AS duration_bucket, count(*) AS calls
    FROM (SELECT is_test, unnest(dsp_calls) AS call FROM ${rows} WHERE type = 'auction') GROUP BY ALL`,
  bid: (rows) => `SELECT is_test, bid.dsp_id AS dsp_id, currency, ${priceBucket('bid.ecpm_micros')} AS price_bucket,
      count(*) AS bids, count(*) FILTER (bid.status = 'won') AS won, count(*) FILTER (bid.status = 'refused') AS refused
    FROM (SELECT is_test, currency, unnest(bids) AS bid FROM ${rows} WHERE type = 'auction') GROUP BY ALL`,
};

/** A query each; with its columns by name. */
export function hourlyQueries(rows: string, hourMs: number): string[] {
  return Object.entries(KINDS).map(
    ([kind, query]) => `SELECT '${kind}' AS kind, ${hourMs}::BIGINT AS hour_ms, * FROM (${query(rows)})`,
  );
}

/** Of an empty table. */
export const HOURLY_TABLE = Object.entries(HOURLY_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
