/** Bookings as rows: which field stands in which column, and in which type. */
import type { Booking, BookingKind, BookingValues } from '../../engine/ports/campaign-store.ts';
import type { Row } from './database.ts';
import type { Table } from './rows.ts';

/** `integer` is a `number` in memory, `amount` a `bigint`; both are `bigint` columns. */
type FieldType = 'text' | 'integer' | 'amount' | 'fraction' | 'small' | 'boolean' | 'json';

const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'text',
  integer: 'bigint',
  amount: 'bigint',
  fraction: 'double precision',
  small: 'integer',
  boolean: 'boolean',
  json: 'jsonb',
};

export interface BookingTable extends Table {
  /** The column of its advertiser or campaign. */
  readonly parent: string | null;
  readonly fields: readonly { readonly field: string; readonly column: string; readonly type: FieldType }[];
}

type Fields<Value> = Readonly<Record<keyof Value, readonly [column: string, type: FieldType]>>;

const ADVERTISER: Fields<BookingValues['advertiser']> = {
  id: ['id', 'text'],
  name: ['name', 'text'],
  currency: ['currency', 'text'],
  timeZone: ['time_zone', 'text'],
  domains: ['domains', 'json'],
  isPaused: ['is_paused', 'boolean'],
};

const CAMPAIGN: Fields<BookingValues['campaign']> = {
  id: ['id', 'text'],
  advertiserId: ['advertiser_id', 'text'],
  name: ['name', 'text'],
  status: ['status', 'text'],
  startAt: ['start_at_ms', 'integer'],
  endAt: ['end_at_ms', 'integer'],
  budgetNanos: ['budget_nanos', 'amount'],
  dailyBudgetNanos: ['daily_budget_nanos', 'amount'],
  delivery: ['delivery', 'text'],
  frequencyCaps: ['frequency_caps', 'json'],
};

const LINE_ITEM: Fields<BookingValues['line-item']> = {
  id: ['id', 'text'],
  campaignId: ['campaign_id', 'text'],
  name: ['name', 'text'],
  isPaused: ['is_paused', 'boolean'],
  pricing: ['pricing', 'text'],
  bidMicros: ['bid_micros', 'integer'],
  goalImpressions: ['goal_impressions', 'integer'],
  targeting: ['targeting', 'json'],
  creativeIds: ['creative_ids', 'json'],
};

const CREATIVE: Fields<BookingValues['creative']> = {
  id: ['id', 'text'],
  advertiserId: ['advertiser_id', 'text'],
  name: ['name', 'text'],
  media: ['media', 'text'],
  markup: ['markup', 'text'],
  size: ['size', 'json'],
  durationSec: ['duration_sec', 'fraction'],
  protocol: ['protocol', 'small'],
  domains: ['domains', 'json'],
  categories: ['categories', 'json'],
  attributes: ['attributes', 'json'],
  language: ['language', 'text'],
  approval: ['approval', 'text'],
};

/** In this order each refers to those before it only. */
export const BOOKING_TABLES: Readonly<Record<BookingKind, BookingTable>> = {
  advertiser: tableOf('advertiser', null, ADVERTISER),
  campaign: tableOf('campaign', 'advertiser_id', CAMPAIGN),
  creative: tableOf('creative', 'advertiser_id', CREATIVE),
  'line-item': tableOf('line_item', 'campaign_id', LINE_ITEM),
};

export const BOOKING_KINDS = Object.keys(BOOKING_TABLES) as BookingKind[];

function tableOf<Value>(name: string, parent: string | null, map: Fields<Value>): BookingTable {
  const fields = Object.entries<readonly [string, FieldType]>(map).map(([field, [column, type]]) => ({
    field,
    column,
    type,
  }));
  const columns = Object.fromEntries(fields.map(({ column, type }) => [column, SQL_TYPES[type]]));
  const all = { ...columns, version: 'bigint', sequence: 'bigint', updated_at_ms: 'bigint' };
  return { name, parent, fields, columns: all, key: ['id'] };
}

export function toRow({ kind, value, version, sequence, updatedAtMs }: Booking): Row {
  const row: Row = { version, sequence, updated_at_ms: updatedAtMs };
  for (const { field, column, type } of BOOKING_TABLES[kind].fields) {
    const of = (value as unknown as Row)[field];
    row[column] = type === 'json' && of !== null ? JSON.stringify(of) : of;
  }
  return row;
}

export function fromRow<Kind extends BookingKind>(kind: Kind, row: Row): Booking<Kind> {
  const value: Row = {};
  for (const { field, column, type } of BOOKING_TABLES[kind].fields) {
    const of = row[column];
    value[field] = type === 'integer' && of !== null ? Number(of) : of;
  }
  const { version, sequence, updated_at_ms: updatedAtMs } = row;
  return {
    kind,
    value,
    version: Number(version),
    sequence: Number(sequence),
    updatedAtMs: Number(updatedAtMs),
  } as unknown as Booking<Kind>;
}
