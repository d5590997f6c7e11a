/**
 * Whether the books are right by themselves, for what was booked in a window: debits are credits, no budget was overspent, nothing is
 * billed twice. Statements of their own, beside those that the ledger has for itself; each gives the rows that break it.
 */
import type { TimeWindow } from '../archive/layout.ts';
import type { Queryable } from '../ledger/database.ts';

export interface BooksProblem {
  readonly check: string;
  /** What is not right, for people. */
  readonly finding: string;
}

/** Rows of one check. One is enough to look. */
const FINDINGS_MAX = 100;

interface Check {
  readonly name: string;
  /** `$1`, `$2`: from, until before, epoch ms. */
  readonly sql: string;
}

/** Of what was booked in the window alone. */
const WINDOW_CHECKS: readonly Check[] = [
  {
    name: 'debits are credits, by currency',
    sql: `SELECT currency || ': ' || sum(amount) AS finding FROM (
        SELECT currency, amount, at_ms FROM ledger_entry UNION ALL SELECT currency, amount, at_ms FROM dsp_ledger_entry) AS e
      WHERE at_ms >= $1 AND at_ms < $2 GROUP BY currency HAVING sum(amount) <> 0`,
  },
  {
    name: 'a key is billed once',
    sql: `SELECT key || ': ' || count(*) || ' bills' AS finding FROM (
        SELECT key FROM transfer WHERE kind IN ('bill', 'absorb') AND at_ms >= $1 AND at_ms < $2
        UNION ALL SELECT key FROM dsp_transfer WHERE kind = 'bill' AND at_ms >= $1 AND at_ms < $2) AS bill
      GROUP BY key HAVING count(*) > 1`,
  },
];

/** They read the whole journal of each account that was booked to in the window. */
const ACCOUNT_CHECKS: readonly Check[] = [
  {
    name: 'what an account has spent, and we for it, is what its bills and refunds come to',
    sql: `SELECT a.id || ': spent ' || a.spent || ' and absorbed ' || a.absorbed || ', by the journal ' || j.spent || ' and ' || j.absorbed
        AS finding
      FROM account a JOIN (SELECT account_id,
          sum(CASE kind WHEN 'bill' THEN amount WHEN 'refund' THEN -amount ELSE 0 END) AS spent,
          sum(CASE kind WHEN 'absorb' THEN amount WHEN 'refund-absorbed' THEN -amount ELSE 0 END) AS absorbed
        FROM transfer WHERE account_id IN (SELECT account_id FROM transfer WHERE at_ms >= $1 AND at_ms < $2)
        GROUP BY account_id) AS j ON j.account_id = a.id
      WHERE a.spent <> j.spent OR a.absorbed <> j.absorbed`,
  },
  {
    name: 'what a publisher has to get from an account is what its bills and refunds come to',
    sql: `SELECT j.account_id || ', ' || j.publisher_id || ': ' || coalesce(s.payable, 0) || ' and fee ' || coalesce(s.fee, 0)
          || ', by the journal ' || j.payable || ' and ' || j.fee AS finding
      FROM (SELECT t.account_id, t.publisher_id, sum((CASE WHEN kind LIKE 'refund%' THEN -1 ELSE 1 END) * (amount - fee)) AS payable,
          sum((CASE WHEN kind LIKE 'refund%' THEN -1 ELSE 1 END) * fee) AS fee
        FROM transfer t JOIN account a ON a.id = t.account_id AND a.unit = 'nanos'
        WHERE kind IN ('bill', 'absorb', 'refund', 'refund-absorbed')
          AND account_id IN (SELECT account_id FROM transfer WHERE at_ms >= $1 AND at_ms < $2)
        GROUP BY t.account_id, t.publisher_id) AS j
      LEFT JOIN publisher_share s USING (account_id, publisher_id)
      WHERE coalesce(s.payable, 0) <> j.payable OR coalesce(s.fee, 0) <> j.fee`,
  },
  {
    name: 'no bill took an account above the budget that it had then',
    sql: `SELECT account_id || ': spent ' || spent || ' of ' || budget || ' at ' || key AS finding FROM (
        SELECT account_id, key, kind, budget, at_ms, sum(CASE kind WHEN 'bill' THEN amount WHEN 'refund' THEN -amount ELSE 0 END)
          OVER (PARTITION BY account_id ORDER BY id) AS spent
        FROM transfer WHERE account_id IN (SELECT account_id FROM transfer WHERE kind = 'bill' AND at_ms >= $1 AND at_ms < $2)) AS prefix
      WHERE kind = 'bill' AND spent > budget AND at_ms >= $1 AND at_ms < $2`,
  },
];

/** Empty when all is right. */
export async function checkBooks(books: Queryable, window: TimeWindow): Promise<BooksProblem[]> {
  return [...(await checkWindow(books, window)), ...(await findings(books, ACCOUNT_CHECKS, window))];
}

/** Those that cost as much as the window holds. Empty when all is right. */
export function checkWindow(books: Queryable, window: TimeWindow): Promise<BooksProblem[]> {
  return findings(books, WINDOW_CHECKS, window);
}

async function findings(
  books: Queryable,
  checks: readonly Check[],
  { fromMs, toMs }: TimeWindow,
): Promise<BooksProblem[]> {
  const problems: BooksProblem[] = [];
  for (const { name, sql } of checks) {
    const window = [Math.floor(fromMs), Math.floor(toMs)];
    const rows = await books.query<{ finding: string }>(`${sql} LIMIT ${FINDINGS_MAX}`, window);
    problems.push(...rows.map(({ finding }) => ({ check: name, finding })));
  }
  return problems;
}
