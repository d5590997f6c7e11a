/** What is due beside what is booked, charge by charge: the rules of docs/reconciliation.md, as statements over the workspace. */
import {
  type ChargeDifference,
  type ChargeTerms,
  type ChargeVerdict,
  DIFFERENCES,
  type Difference,
  type PartyTotal,
} from '../../engine/reconciliation/charge-verdict.ts';
import type { DuckDb, Row } from '../archive/duckdb.ts';
import type { TimeWindow } from '../archive/layout.ts';

export interface ComparisonRules {
  readonly window: TimeWindow;
  /** Of what is billed in money, ours: parts of a million, rounded down. */
  readonly feePpm: number;
  /** What happened or was booked since then may be under way. */
  readonly settledBeforeMs: number;
  /** Whether the archive has every event that the books know of. */
  readonly isArchiveComplete: boolean;
}

/** Judges every charge in `event` and `booking` into `verdict`. */
export async function compareCharges(db: DuckDb, rules: ComparisonRules): Promise<void> {
  const { fromMs, toMs } = rules.window;
  const within = `at_ms >= ${fromMs} AND at_ms < ${toMs}`;
  await db.run(`CREATE OR REPLACE TABLE due AS ${dueSql(within, rules)}`);
  await db.run(`CREATE OR REPLACE TABLE booked AS ${bookedSql(within)}`);
  await db.run(`CREATE OR REPLACE TABLE verdict AS ${verdictSql(rules)}`);
}

/** By key: what its events say. Several of one id are one; of those in time, the first is paid. */
function dueSql(within: string, { settledBeforeMs }: ComparisonRules): string {
  const isPaid = "kind = 'paid' AND is_in_time";
  return `SELECT key, bool_or(${within} AND kind <> 'win') AS in_window,
      coalesce(bool_or(${isPaid}), false) AS is_in_time, bool_or(kind = 'refund') AS is_refunded, bool_or(kind = 'win') AS is_sold, bool_or(kind <> 'win') AS has_event,
      coalesce(bool_and(is_waiting) FILTER (${isPaid}), false) AS bill_waits,
      coalesce(bool_and(is_waiting) FILTER (kind = 'refund'), false) AS refund_waits,
      min(at_ms) FILTER (is_waiting AND kind <> 'win') >= ${settledBeforeMs} AS waits_briefly,
      any_value(dead_reason) AS dead_reason,
      coalesce(min(terms) FILTER (kind <> 'refund') <> max(terms) FILTER (kind <> 'refund'), false) AS is_conflicting,
      coalesce(arg_min(terms, (at_ms, source_offset)) FILTER (${isPaid}), any_value(terms) FILTER (kind = 'win'), any_value(terms)) AS terms
    FROM (SELECT e.*, {'payer_kind': payer_kind, 'payer': payer, 'publisher_id': publisher_id, 'currency': currency, 'amount': amount} AS terms,
        c.next_offset IS NULL OR e.source_offset >= c.next_offset AS is_waiting, d.reason AS dead_reason
      FROM event e LEFT JOIN consumed c USING (source_partition) LEFT JOIN dead_letter d USING (source_partition, source_offset))
    WHERE amount IS NOT NULL AND payer IS NOT NULL AND is_in_time IS NOT NULL GROUP BY key`;
}

/** By key: who has been charged, and what is left of it. */
function bookedSql(within: string): string {
  const bill = "kind IN ('bill', 'absorb')";
  return `SELECT key, coalesce(bool_or(${within}), false) AS in_window, count(*) FILTER (${bill}) AS bills,
      count(*) FILTER (kind LIKE 'refund%') AS refunds, coalesce(bool_or(kind = 'absorb'), false) AS is_absorbed,
      coalesce(sum(amount) FILTER (${bill}), 0) AS billed, coalesce(sum(fee) FILTER (${bill}), 0) AS billed_fee,
      coalesce(sum(amount) FILTER (kind LIKE 'refund%'), 0) AS refunded, coalesce(sum(fee) FILTER (kind LIKE 'refund%'), 0) AS refunded_fee,
      any_value(payer_kind ORDER BY kind) AS payer_kind, any_value(payer ORDER BY kind) AS payer, coalesce(any_value(publisher_id ORDER BY kind), '') AS publisher_id,
      any_value(currency) AS currency, min((payer_kind, payer)) <> max((payer_kind, payer)) AS has_payers, min(at_ms) AS at_ms, bool_or(is_reported) AS is_reported,
      any_value(charge_state) AS charge_state, any_value(charge_payer) AS charge_payer,
      any_value(charge_publisher_id) AS charge_publisher_id, any_value(charge_amount) AS charge_amount, any_value(charge_fee) AS charge_fee
    FROM booking GROUP BY key`;
}

function verdictSql({ feePpm, settledBeforeMs, isArchiveComplete }: ComparisonRules): string {
  const dueFee = feeSql('d.terms.amount', 'd.terms.currency', feePpm);
  const mayBeUnarchived = isArchiveComplete ? 'false' : `booked_at_ms >= ${settledBeforeMs}`;
  const waits = "CASE WHEN waits_briefly THEN 'pending' ELSE 'unconsumed' END";
  return `WITH side_by_side AS (
      SELECT coalesce(d.key, b.key) AS key, d.terms, coalesce(d.has_event, false) AS has_event, coalesce(d.is_sold, false) AS is_sold,
        coalesce(d.is_in_time AND NOT d.is_refunded, false) AS is_due, coalesce(d.is_refunded, false) AS is_refunded,
        d.is_conflicting, d.bill_waits, d.refund_waits, d.waits_briefly, d.dead_reason,
        CASE WHEN is_due THEN d.terms.amount ELSE 0 END AS due, CASE WHEN is_due THEN ${dueFee} ELSE 0 END AS due_fee,
        ${dueFee} AS full_fee, b.payer_kind, b.payer, b.publisher_id, b.currency, b.has_payers, coalesce(b.is_absorbed, false) AS is_absorbed,
        coalesce(b.bills, 0) AS bills, coalesce(b.refunds, 0) AS refunds, coalesce(b.billed, 0) AS billed,
        coalesce(b.billed_fee, 0) AS billed_fee, coalesce(b.refunded, 0) AS refunded, coalesce(b.billed - b.refunded, 0) AS left_over,
        coalesce(b.billed_fee - b.refunded_fee, 0) AS left_over_fee, coalesce(b.is_reported, false) AS is_reported,
        b.at_ms AS booked_at_ms, b.charge_amount, b.charge_fee, coalesce(${CHARGE_IS_OFF}, false) AS charge_is_off,
        coalesce(d.in_window, false) AS event_in_window
      FROM due d FULL JOIN booked b ON b.key = d.key WHERE d.in_window OR b.in_window
    ), compared AS (
      SELECT *, CASE
        WHEN payer_kind IS DISTINCT FROM terms.payer_kind OR payer IS DISTINCT FROM terms.payer OR has_payers THEN 'other-payer'
        WHEN currency IS DISTINCT FROM terms.currency THEN 'other-currency'
        WHEN publisher_id IS DISTINCT FROM terms.publisher_id THEN 'other-publisher'
        WHEN billed <> terms.amount OR (refunds > 0 AND refunded <> billed) THEN 'other-amount'
        WHEN billed_fee <> full_fee THEN 'other-fee'
        WHEN charge_is_off THEN 'other-charge' END AS otherwise
      FROM side_by_side
    ), judged AS (
      SELECT *, CASE
        WHEN bills > 1 THEN 'double'
        WHEN is_reported AND NOT is_due AND NOT is_refunded THEN CASE WHEN terms IS NULL THEN 'reported' ELSE coalesce(otherwise, 'reported') END
        WHEN NOT has_event AND bills + refunds > 0 THEN CASE WHEN ${mayBeUnarchived} THEN 'pending' ELSE 'missing-in-archive' END
        WHEN bills = 0 AND refunds > 0 THEN 'missing-in-ledger'
        WHEN is_conflicting THEN 'conflicting-events'
        WHEN is_due AND bills = 0 AND due > 0 THEN CASE
          WHEN bill_waits THEN ${waits}
          WHEN dead_reason IS NULL THEN 'missing-in-ledger'
          WHEN is_sold OR dead_reason <> 'unknown-sale' THEN 'set-aside'
          ELSE 'not-sold' END
        WHEN is_due AND refunds > 0 THEN 'refunded-without-event'
        WHEN is_refunded AND left_over > 0 THEN CASE WHEN refund_waits THEN ${waits} ELSE 'not-refunded' END
        WHEN NOT is_refunded AND NOT is_due AND bills > 0 THEN 'billed-late'
        WHEN bills > 0 THEN coalesce(otherwise, 'agreed')
        WHEN charge_is_off THEN 'other-charge'
        WHEN is_due THEN 'agreed'
        ELSE 'nothing-due' END AS verdict
      FROM compared
    )
    SELECT *, CASE
        WHEN verdict IN ('missing-in-ledger', 'unconsumed', 'set-aside', 'refunded-without-event') THEN greatest(due, abs(left_over))
        WHEN verdict = 'double' THEN abs(billed - coalesce(terms.amount, 0))
        WHEN verdict IN ('missing-in-archive', 'billed-late', 'not-refunded') THEN abs(left_over)
        WHEN verdict = 'other-amount' THEN abs(CASE WHEN is_refunded THEN 0 ELSE terms.amount END - left_over)
        WHEN verdict = 'other-fee' THEN abs(full_fee - billed_fee)
        WHEN verdict = 'other-charge' THEN greatest(coalesce(charge_amount, 0), billed)
        WHEN verdict IN ('other-payer', 'other-currency', 'other-publisher', 'conflicting-events') THEN greatest(due, left_over)
        ELSE 0 END::HUGEINT AS at_stake
    FROM judged`;
}

function feeSql(amount: string, currency: string, feePpm: number): string {
  return `CASE ${currency} WHEN 'impressions' THEN 0 ELSE (${amount}::HUGEINT * ${feePpm}) // 1000000 END`;
}

/** A charge of our own: its row beside its journal. DSPs have none, and what costs nothing has no journal. */
const CHARGE_IS_OFF = `b.charge_state IS NOT NULL AND (b.bills > 0 OR b.charge_amount > 0) AND (
  b.charge_state <> CASE WHEN b.refunds > 0 THEN 'refunded' WHEN b.is_absorbed THEN 'absorbed' ELSE 'billed' END
  OR b.charge_amount <> b.billed OR b.charge_fee <> b.billed_fee OR b.charge_payer IS DISTINCT FROM b.payer
  OR coalesce(b.charge_publisher_id, '') <> b.publisher_id)`;

export async function verdictCounts(db: DuckDb): Promise<Partial<Record<ChargeVerdict, number>>> {
  const rows = await db.rows('SELECT verdict, count(*) AS charges FROM verdict GROUP BY 1 ORDER BY 1');
  return Object.fromEntries(rows.map(({ verdict, charges }) => [verdict, Number(charges)]));
}

const SQL_DIFFERENCES = `(${DIFFERENCES.map((name) => `'${name}'`).join(', ')})`;

export async function unreconciledNanos(db: DuckDb): Promise<bigint> {
  const [row] = await db.rows(`SELECT coalesce(sum(at_stake), 0)::HUGEINT AS nanos FROM verdict
    WHERE verdict IN ${SQL_DIFFERENCES} AND coalesce(currency, terms.currency) <> 'impressions'`);
  return row!.nanos as bigint;
}

/** The largest first. */
export async function differencesOf(db: DuckDb, limit: number): Promise<ChargeDifference[]> {
  const rows = await db.rows(`SELECT key, verdict, at_stake, has_event OR is_sold AS is_known, terms.payer AS due_payer,
      terms.publisher_id AS due_publisher, terms.currency AS due_currency, due::HUGEINT AS due, due_fee::HUGEINT AS due_fee,
      bills + refunds > 0 AS is_booked, payer, publisher_id, currency, left_over::HUGEINT AS left_over, left_over_fee::HUGEINT AS left_over_fee
    FROM verdict WHERE verdict IN ${SQL_DIFFERENCES} ORDER BY at_stake DESC, key LIMIT ${limit}`);
  return rows.map((row) => ({
    key: row.key as string,
    verdict: row.verdict as Difference,
    atStake: row.at_stake as bigint,
    due: row.is_known ? termsOf(row, 'due_payer', 'due_publisher', 'due_currency', 'due', 'due_fee') : null,
    booked: row.is_booked ? termsOf(row, 'payer', 'publisher_id', 'currency', 'left_over', 'left_over_fee') : null,
  }));
}

function termsOf(
  row: Row,
  payer: string,
  publisher: string,
  currency: string,
  amount: string,
  fee: string,
): ChargeTerms {
  return {
    payer: row[payer] as string,
    publisherId: row[publisher] as string,
    currency: row[currency] as string,
    amount: row[amount] as bigint,
    fee: row[fee] as bigint,
  };
}

/**
 * Of the charges that have an event in the window, or none at all: those booked here whose event lies in another window are that
 * one's.
 */
export async function partyTotals(db: DuckDb): Promise<PartyTotal[]> {
  const rows = await db.rows(`WITH charge AS (
      SELECT * FROM verdict WHERE event_in_window OR NOT has_event
    ), side AS (
      SELECT terms.payer_kind AS payer_kind, terms.payer AS payer, terms.publisher_id AS publisher_id, terms.currency AS currency, due, due_fee, 0 AS booked,
        0 AS booked_fee, 0 AS absorbed FROM charge WHERE due <> 0
      UNION ALL
      SELECT payer_kind, payer, publisher_id, currency, left_over, left_over_fee, 0, 0, 0 FROM charge WHERE verdict = 'reported'
      UNION ALL
      SELECT payer_kind, payer, publisher_id, currency, 0, 0, left_over, left_over_fee, CASE WHEN is_absorbed THEN left_over ELSE 0 END
      FROM charge WHERE left_over <> 0
    ), line AS (
      SELECT CASE payer_kind WHEN 'dsp' THEN 'dsp' ELSE 'advertiser' END AS party, payer AS id, currency, due, booked, absorbed FROM side
      UNION ALL SELECT 'publisher', publisher_id, currency, due - due_fee, booked - booked_fee, 0 FROM side WHERE currency <> 'impressions'
      UNION ALL SELECT 'exchange', '', currency, due_fee, booked_fee, 0 FROM side WHERE currency <> 'impressions'
    )
    SELECT party, id, currency, sum(due)::HUGEINT AS due, sum(booked)::HUGEINT AS booked, sum(absorbed)::HUGEINT AS absorbed
    FROM line GROUP BY ALL ORDER BY currency, party, id`);
  return rows as unknown as PartyTotal[];
}
