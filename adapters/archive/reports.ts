/** The reports over the archive: queries of `hourly`, the rows of all hours (`hourly-rows.ts`). What a caller says comes in as values only. */
import type { DuckDBValue } from '@duckdb/node-api';
import { DURATION_MS_OF_BUCKET, PRICE_MICROS_OF_BUCKET } from './hourly-rows.ts';

/** `nanos`: of the currency of the row; `cpmMicros`: of it per mille. `share`: 0 to 1, null where there is nothing to share. */
export type ColumnKind = 'text' | 'count' | 'share' | 'nanos' | 'cpmMicros' | 'ms';

export interface ReportColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly sql: string;
}

/** By what rows can be chosen, and the column of each. */
export const FILTERS = {
  publisher: 'publisher_id',
  placement: 'placement_id',
  advertiser: 'advertiser_id',
  campaign: 'campaign_id',
  dsp: 'dsp_id',
} as const;
export type FilterName = keyof typeof FILTERS;

export type Period = 'total' | 'day' | 'hour';

export interface ReportRequest {
  /** A line for each, in UTC. */
  readonly by: Period;
  readonly filters: Readonly<Partial<Record<FilterName, string>>>;
  /** Of requests with `test: 1`, too. */
  readonly includesTests: boolean;
}

interface Report {
  readonly summary: string;
  readonly filters: readonly FilterName[];
  /** Condition of the rows of `hourly` that it is about. */
  readonly about: string;
  /** What there is a line for. */
  readonly dimensions: readonly ReportColumn[];
  /** Over the rows of a line. `among`: of the lines of one period, as `PARTITION BY` names them. */
  readonly measures: (among: (...dimensions: string[]) => string) => readonly ReportColumn[];
  /** Rows to measure in the place of those it is about, which are `chosen`; with the columns of its periods. */
  readonly rows?: (among: (...dimensions: string[]) => string, periods: string) => string;
  readonly orderBy: string;
}

const text = (name: string, sql = name): ReportColumn => ({ name, kind: 'text', sql });
const count = (name: string): ReportColumn => ({ name, kind: 'count', sql: `coalesce(sum(${name}), 0)::BIGINT` });
const nanos = (name: string, sql: string): ReportColumn => ({
  name,
  kind: 'nanos',
  sql: `coalesce(${sql}, 0)::BIGINT`,
});
const share = (name: string, part: string, whole: string): ReportColumn => ({
  name,
  kind: 'share',
  sql: `coalesce(${part}, 0) / nullif(${whole}, 0)`,
});

const REVENUE = 'sum(revenue_nanos)';
const NET = '(sum(revenue_nanos) - sum(refunded_nanos))';
const IS_SALE = "kind = 'delivery'";

/** What so large a share of durations does not exceed, ms: the upper end of its bucket, so at most a tenth too much. */
function percentile(name: string, of: number): ReportColumn {
  return { name, kind: 'ms', sql: `min(duration_ms) FILTER (running_count >= ${of} * total_count)` };
}

export const REPORTS = {
  allocation: {
    summary: 'who got the impressions and paid the revenue: campaigns of our own and DSPs',
    filters: ['publisher', 'placement'],
    about: IS_SALE,
    dimensions: [
      text('payer'),
      text('buyer', "CASE payer WHEN 'house' THEN campaign_id ELSE dsp_id END"),
      text('currency'),
    ],
    measures: (among) => [
      count('impressions'),
      share('impression_share', 'sum(impressions)', `sum(sum(impressions)) OVER (${among()})`),
      nanos('revenue', NET),
      share('revenue_share', NET, `sum(${NET}) OVER (${among('currency')})`),
    ],
    orderBy: 'impressions DESC, payer, buyer, currency',
  },
  delivery: {
    summary: 'what became of what each buyer, campaign and line item has won',
    filters: ['publisher', 'placement', 'advertiser', 'campaign', 'dsp'],
    about: IS_SALE,
    dimensions: [
      text('payer'),
      text('dsp', "coalesce(dsp_id, '')"),
      text('advertiser', 'advertiser_id'),
      text('campaign', 'campaign_id'),
      text('line_item', 'line_item_id'),
      text('currency'),
    ],
    measures: () => [
      count('wins'),
      count('impressions'),
      count('viewables'),
      count('clicks'),
      count('conversions'),
      count('expired'),
      count('refunds'),
      share('ctr', 'sum(clicks)', 'sum(impressions)'),
      nanos('revenue', NET),
    ],
    orderBy: 'impressions DESC, wins DESC, payer, dsp, advertiser, campaign, line_item, currency',
  },
  revenue: {
    summary: 'what DSPs, and advertisers of our own together, have to pay',
    filters: ['publisher', 'placement', 'dsp'],
    about: IS_SALE,
    dimensions: [text('dsp', "coalesce(dsp_id, 'house')"), text('currency')],
    measures: () => [
      count('wins'),
      count('impressions'),
      nanos('gross', REVENUE),
      nanos('refunded', 'sum(refunded_nanos)'),
      nanos('revenue', NET),
      { name: 'ecpm', kind: 'cpmMicros', sql: `${NET} / nullif(sum(impressions), 0)` },
    ],
    orderBy: 'revenue DESC, dsp, currency',
  },
  latency: {
    summary: 'how long auctions and calls of DSPs took, by how they ended',
    filters: ['dsp'],
    about: "kind IN ('auction', 'call')",
    dimensions: [text('of'), text('result')],
    rows: (among, periods) => `(
      SELECT *, sum(count) OVER (${among('of', 'result')} ORDER BY duration_ms) AS running_count,
        sum(count) OVER (${among('of', 'result')}) AS total_count
      FROM (SELECT * REPLACE (coalesce(result, ending) AS result), coalesce(dsp_id, 'auction') AS of,
          ${DURATION_MS_OF_BUCKET} AS duration_ms
        FROM (SELECT ${periods}dsp_id, result, ending, duration_bucket, sum(coalesce(auctions, calls)) AS count
          FROM chosen GROUP BY ALL)))`,
    measures: () => [
      count('count'),
      percentile('p50_ms', 0.5),
      percentile('p90_ms', 0.9),
      percentile('p95_ms', 0.95),
      percentile('p99_ms', 0.99),
    ],
    orderBy: "of <> 'auction', of, count DESC, result",
  },
  fill: {
    summary: 'how many of the impressions asked for were sold and shown, by placement',
    filters: ['publisher', 'placement'],
    about: "kind IN ('fill', 'delivery')",
    dimensions: [text('publisher', 'publisher_id'), text('placement', 'placement_id')],
    measures: () => [
      count('imps'),
      count('unanswered'),
      count('filled'),
      share('fill_rate', 'sum(filled)', 'sum(imps)'),
      count('impressions'),
      share('shown_rate', 'sum(impressions)', 'sum(filled)'),
    ],
    orderBy: 'imps DESC, publisher, placement',
  },
  'win-rate': {
    summary: 'which share of its bids each DSP won, by what they were worth per mille',
    filters: ['dsp'],
    about: "kind = 'bid'",
    dimensions: [
      text('dsp', 'dsp_id'),
      text('currency'),
      { name: 'from_cpm', kind: 'cpmMicros', sql: `coalesce(${PRICE_MICROS_OF_BUCKET}, 0)` },
    ],
    measures: () => [count('bids'), count('refused'), count('won'), share('win_rate', 'sum(won)', 'sum(bids)')],
    orderBy: 'dsp, currency, from_cpm',
  },
} as const satisfies Readonly<Record<string, Report>>;
export type ReportName = keyof typeof REPORTS;

const PERIODS: Readonly<Record<Period, readonly ReportColumn[]>> = {
  total: [],
  day: [text('day', "strftime(make_timestamp(hour_ms * 1000), '%Y-%m-%d')")],
  hour: [text('hour', "strftime(make_timestamp(hour_ms * 1000), '%Y-%m-%dT%H')")],
};

export interface ReportQuery {
  readonly columns: readonly ReportColumn[];
  /** Over `hourly`. */
  readonly sql: (hourly: string) => string;
  readonly values: readonly DuckDBValue[];
}

/** Filters that the report does not have are passed over. */
export function reportQuery(name: ReportName, { by, filters, includesTests }: ReportRequest): ReportQuery {
  const report: Report = REPORTS[name];
  const periods = PERIODS[by];
  const among = (...dimensions: string[]): string => {
    const names = [...periods.map((period) => period.name), ...dimensions];
    return names.length === 0 ? '' : `PARTITION BY ${names.join(', ')}`;
  };
  const values: DuckDBValue[] = [];
  const conditions = [report.about, ...(includesTests ? [] : ['is_test IS NOT TRUE'])];
  for (const filter of report.filters) {
    const value = filters[filter];
    if (value === undefined) continue;
    values.push(value);
    conditions.push(`${FILTERS[filter]} = $${values.length}`);
  }
  const lines = [...periods.map(({ name }) => text(name)), ...report.dimensions];
  const columns = [...lines, ...report.measures(among)];
  const inPeriods = ['*', ...periods.map(selected)].join(', ');
  const sql = (
    hourly: string,
  ): string => `WITH chosen AS (SELECT ${inPeriods} FROM ${hourly} WHERE ${conditions.join(' AND ')})
    SELECT ${columns.map(selected).join(',\n')} FROM ${report.rows?.(among, periods.map(({ name }) => `${name}, `).join('')) ?? 'chosen'}
    GROUP BY ${lines.map((_, index) => index + 1).join(', ')}
    ORDER BY ${[...periods.map((period) => period.name), report.orderBy].join(', ')}`;
  return { columns, sql, values };
}

function selected({ name, sql }: ReportColumn): string {
  return sql === name ? name : `${sql} AS "${name}"`;
}
