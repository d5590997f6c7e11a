/**
 * The columns of raw files, and how they are taken from an event as it stands in the log: in SQL, since DuckDB reads the JSON of
 * an auction in a tenth of the time that it takes to parse it here. What an event does not have, or has in another type, is
 * NULL; `payload` has all of it.
 */

/** As in the log (docs/event-types.md), as far as columns are made of it. */
const EVENT_SHAPE = {
  type: 'VARCHAR',
  version: 'INTEGER',
  id: 'VARCHAR',
  auctionId: 'VARCHAR',
  impId: 'VARCHAR',
  userKey: 'VARCHAR',
  atMs: 'DOUBLE',
  isTest: 'BOOLEAN',
  // Of losses and notices; of sales it is the payer's.
  dspId: 'VARCHAR',
  seat: 'VARCHAR',
  publisherId: 'VARCHAR',
  placementId: 'VARCHAR',
  sale: {
    payer: { kind: 'VARCHAR', accountId: 'VARCHAR', unit: 'VARCHAR', dspId: 'VARCHAR', seat: 'VARCHAR' },
    pricing: 'VARCHAR',
    billedBy: 'VARCHAR',
    amount: 'BIGINT',
    currency: 'VARCHAR',
    publisherId: 'VARCHAR',
    placementId: 'VARCHAR',
    media: 'VARCHAR',
    advertiserId: 'VARCHAR',
    campaignId: 'VARCHAR',
    lineItemId: 'VARCHAR',
    creativeId: 'VARCHAR',
    soldAtMs: 'BIGINT',
  },
  // Of auctions.
  ending: 'VARCHAR',
  features: { publisherId: 'VARCHAR', imps: [{ impId: 'VARCHAR', placementId: 'VARCHAR' }] },
  timings: { answeredAtMs: 'DOUBLE' },
  input: { currency: 'VARCHAR', bids: byColumn({ dspId: 'VARCHAR', impId: 'VARCHAR' }) },
  outcome: { bids: byColumn({ status: 'VARCHAR', ecpmMicros: 'DOUBLE' }) },
  dsps: byColumn({ dspId: 'VARCHAR', result: 'VARCHAR', latencyMs: 'DOUBLE' }),
} as const;

/** Rows as auction events store them (engine/exchange/columns.ts). */
function byColumn(columns: Readonly<Record<string, string>>): object {
  const each = Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, [type]]));
  return { count: 'INTEGER', same: columns, each };
}

/** Value of a column in the row `i` of them. */
function inRow(rows: string, column: string): string {
  return `coalesce(${rows}.each.${column}[i], ${rows}.same.${column})`;
}

/** Event times that a folder can be named for. */
const AT_MS_MAX = Date.UTC(9999, 11, 31, 23);

export interface RawColumn {
  readonly name: string;
  /** Over `stored` (partition, log_offset, stored_id, stored_type, archived_at_ms, payload) and `e`, the event; NULL: no JSON. */
  readonly sql: string;
}

/** In their order in the files. New ones are added behind, and are NULL in files from before. */
export const RAW_COLUMNS: readonly RawColumn[] = [
  { name: 'id', sql: "coalesce(e.id, CASE WHEN e.type = 'auction' THEN e.auctionId END, stored_id)" },
  { name: 'type', sql: 'coalesce(e.type, stored_type)' },
  { name: 'version', sql: 'e.version' },
  { name: 'auction_id', sql: 'e.auctionId' },
  { name: 'imp_id', sql: 'e.impId' },
  { name: 'user_key', sql: 'e.userKey' },
  {
    name: 'at_ms',
    sql: `CASE WHEN e.atMs BETWEEN 0 AND ${AT_MS_MAX} THEN floor(e.atMs)::BIGINT ELSE archived_at_ms END`,
  },
  { name: 'is_test', sql: 'e.isTest' },
  { name: 'source_partition', sql: 'log_partition' },
  { name: 'source_offset', sql: 'log_offset' },
  { name: 'publisher_id', sql: 'coalesce(e.sale.publisherId, e.publisherId, e.features.publisherId)' },
  { name: 'placement_id', sql: 'coalesce(e.sale.placementId, e.placementId)' },
  { name: 'media', sql: 'e.sale.media' },
  { name: 'payer', sql: 'e.sale.payer.kind' },
  { name: 'advertiser_id', sql: 'e.sale.advertiserId' },
  { name: 'campaign_id', sql: 'e.sale.campaignId' },
  { name: 'line_item_id', sql: 'e.sale.lineItemId' },
  { name: 'creative_id', sql: 'e.sale.creativeId' },
  { name: 'dsp_id', sql: 'coalesce(e.sale.payer.dspId, e.dspId)' },
  { name: 'seat', sql: 'coalesce(e.sale.payer.seat, e.seat)' },
  { name: 'billed_by', sql: 'e.sale.billedBy' },
  { name: 'amount_nanos', sql: "CASE WHEN e.sale.payer.unit IS DISTINCT FROM 'impressions' THEN e.sale.amount END" },
  { name: 'currency', sql: 'coalesce(e.sale.currency, e.input.currency)' },
  { name: 'sold_at_ms', sql: 'e.sale.soldAtMs' },
  { name: 'payload', sql: 'payload' },
  { name: 'amount_impressions', sql: "CASE WHEN e.sale.payer.unit = 'impressions' THEN e.sale.amount END" },
  { name: 'account_id', sql: 'e.sale.payer.accountId' },
  { name: 'pricing', sql: 'e.sale.pricing' },
  { name: 'ending', sql: 'e.ending' },
  { name: 'answered_ms', sql: 'e.timings.answeredAtMs' },
  {
    name: 'imps',
    sql: "list_transform(e.features.imps, lambda i: {'imp_id': i.impId, 'placement_id': i.placementId})",
  },
  {
    name: 'dsp_calls',
    sql: `list_transform(range(1, e.dsps.count + 1), lambda i: {'dsp_id': ${inRow('e.dsps', 'dspId')},
      'result': ${inRow('e.dsps', 'result')}, 'latency_ms': ${inRow('e.dsps', 'latencyMs')}})`,
  },
  {
    name: 'bids',
    sql: `list_transform(range(1, e.outcome.bids.count + 1), lambda i: {'dsp_id': ${inRow('e.input.bids', 'dspId')},
      'imp_id': ${inRow('e.input.bids', 'impId')}, 'status': ${inRow('e.outcome.bids', 'status')},
      'ecpm_micros': floor(${inRow('e.outcome.bids', 'ecpmMicros')})::BIGINT})`,
  },
];

/** The rows of raw files out of a table of stored events. */
export function rawRowsOf(table: string): string {
  const columns = RAW_COLUMNS.map(({ name, sql }) => `${sql} AS ${name}`);
  return `SELECT ${columns.join(',\n')} FROM (
    SELECT *, CASE WHEN json_valid(payload) THEN json_transform(payload, '${JSON.stringify(EVENT_SHAPE)}') END AS e FROM ${table})`;
}
