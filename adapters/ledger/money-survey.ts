/** Where money of all accounts is that nobody can spend, and what was spent beyond them: for metrics. */
import type { Queryable } from './database.ts';

/** Nanos, whatever the currency. */
export interface MoneySurvey {
  /** Served, and borne by no budget: our own cost. */
  readonly absorbed: bigint;
  /** In leases whose term is over and that their processes have not given back. */
  readonly strandedInLeases: bigint;
  /** In tranches that nobody holds a lease of: of accounts at rest, or of a store that lost them. */
  readonly strandedInTranches: bigint;
}

export interface MoneySurveyOptions {
  /** Of the ledger, which then closes leases that nobody gave back. */
  readonly billingHorizonMs: number;
  /** Null: by the database's clock. */
  readonly nowMs: number | null;
}

export const MONEY_SURVEY_SQL = {
  survey: `WITH clock AS (SELECT coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS now_ms),
      held AS (SELECT l.account_id, l.epoch, l.amount - l.reserved - l.billed - l.returned AS free,
                      l.closes_at_ms - $1::bigint < clock.now_ms AS is_late
               FROM lease l CROSS JOIN clock WHERE l.state = 'live')
      SELECT (SELECT coalesce(sum(absorbed), 0)::bigint FROM account WHERE unit = 'nanos') AS "absorbed",
        (SELECT coalesce(sum(free), 0)::bigint FROM held JOIN account a ON a.id = account_id
          WHERE is_late AND a.unit = 'nanos') AS "strandedInLeases",
        (SELECT coalesce(sum(t.amount - t.leased - t.returned), 0)::bigint FROM tranche t JOIN account a ON a.id = t.account_id
          WHERE t.state = 'open' AND a.unit = 'nanos'
            AND NOT EXISTS (SELECT FROM held h WHERE h.account_id = t.account_id AND h.epoch = t.epoch AND NOT h.is_late)
        ) AS "strandedInTranches"`,
} as const;

export async function surveyMoney(
  database: Queryable,
  { billingHorizonMs, nowMs }: MoneySurveyOptions,
): Promise<MoneySurvey> {
  const [survey] = await database.query<Record<keyof MoneySurvey, bigint>>(MONEY_SURVEY_SQL.survey, [
    billingHorizonMs,
    nowMs,
  ]);
  return survey!;
}
