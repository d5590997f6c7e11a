/** What each party owes or has to get by day, summed from the journals: nothing is kept twice, so it sums to them exactly. */
import type { Queryable } from './database.ts';

/** Advertisers and DSPs owe it; publishers have to get it; the exchange keeps it (less than 0: it bears it). */
export const STATEMENT_PARTIES = ['advertiser', 'dsp', 'publisher', 'exchange'] as const;

export interface StatementLine {
  /** Day on which it was booked, in UTC, YYYY-MM-DD. */
  readonly day: string;
  readonly party: (typeof STATEMENT_PARTIES)[number];
  /** Empty for the exchange. */
  readonly id: string;
  readonly currency: string;
  /** Billed, less those that were refunded. */
  readonly events: bigint;
  /** Nanos of `currency`. By day and currency, advertisers and DSPs together are publishers and exchange together. */
  readonly amount: bigint;
}

/** Of what was booked from one moment, epoch ms, until before another. */
export async function readStatements(
  database: Queryable,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly StatementLine[]> {
  return database.query<StatementLine & Record<string, unknown>>(STATEMENTS, [fromMs, toMs]);
}

/** What we absorb is nobody's due: the publisher is paid, and we bear all of it but our fee. */
const STATEMENTS = `
WITH booked AS (
  SELECT t.at_ms, a.currency, CASE WHEN t.kind LIKE 'refund%' THEN -1 ELSE 1 END AS sign,
      CASE WHEN t.kind IN ('bill', 'refund') THEN 'advertiser' END AS payer, coalesce(c.advertiser_id, a.id) AS payer_id,
      coalesce(t.publisher_id, '') AS publisher_id, t.amount, t.fee
    FROM transfer t JOIN account a ON a.id = t.account_id LEFT JOIN campaign c ON c.id = a.id
    WHERE a.unit = 'nanos' AND t.kind IN ('bill', 'refund', 'absorb', 'refund-absorbed') AND t.at_ms >= $1 AND t.at_ms < $2
  UNION ALL
  SELECT at_ms, currency, CASE kind WHEN 'refund' THEN -1 ELSE 1 END, 'dsp', dsp_id, publisher_id, amount, fee
    FROM dsp_transfer WHERE kind IN ('bill', 'refund') AND at_ms >= $1 AND at_ms < $2
), line AS (
  SELECT at_ms, currency, sign, payer AS party, payer_id AS id, amount FROM booked WHERE payer IS NOT NULL
  UNION ALL SELECT at_ms, currency, sign, 'publisher', publisher_id, amount - fee FROM booked
  UNION ALL SELECT at_ms, currency, sign, 'exchange', '', CASE WHEN payer IS NULL THEN fee - amount ELSE fee END FROM booked
)
SELECT to_char(to_timestamp(at_ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, party, id, currency,
    sum(sign)::bigint AS events, sum(sign * amount)::bigint AS amount
  FROM line GROUP BY 1, 2, 3, 4 ORDER BY 1, 4, 2, 3`;
