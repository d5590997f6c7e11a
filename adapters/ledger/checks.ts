/**
 * Whether the books are right, by SQL alone: for tests and operators, and for whoever trusts neither. Each statement
 * gives the rows that break it, so it can be pasted into psql.
 */
import type { Queryable, Row } from './database.ts';

export interface LedgerCheck {
  readonly name: string;
  readonly sql: string;
}

export const LEDGER_CHECKS: readonly LedgerCheck[] = [
  {
    name: 'conservation: the entries of a transfer sum to zero',
    sql: 'SELECT transfer_id, sum(amount) AS sum FROM ledger_entry GROUP BY transfer_id HAVING sum(amount) <> 0',
  },
  {
    name: 'conservation: the balances of an account are what its journal says',
    sql: `SELECT a.id, b.book, b.balance, coalesce(sum(e.amount), 0) AS journal
      FROM account a
      CROSS JOIN LATERAL (VALUES ('available', a.available), ('tranched', a.tranched), ('leased', a.leased),
        ('reserved', a.reserved), ('spent', a.spent), ('absorbed', -a.absorbed)) AS b (book, balance)
      LEFT JOIN ledger_entry e ON e.account_id = a.id AND e.book = b.book
      GROUP BY a.id, b.book, b.balance HAVING b.balance <> coalesce(sum(e.amount), 0)`,
  },
  {
    name: 'conservation: a tranche is its leases and what went back',
    sql: `SELECT t.account_id, t.epoch, t.leased, coalesce(sum(l.amount), 0) AS of_leases
      FROM tranche t LEFT JOIN lease l USING (account_id, epoch)
      GROUP BY t.account_id, t.epoch, t.leased HAVING t.leased <> coalesce(sum(l.amount), 0)`,
  },
  {
    name: 'conservation: a lease is what its journal says',
    sql: `SELECT l.account_id, l.epoch, l.sequence FROM lease l LEFT JOIN transfer t USING (account_id, epoch, sequence)
      GROUP BY l.account_id, l.epoch, l.sequence, l.amount, l.reserved, l.billed, l.returned
      HAVING l.amount <> coalesce(sum(t.amount) FILTER (WHERE t.kind = 'lease'), 0)
        OR l.billed <> coalesce(sum(t.amount) FILTER (WHERE t.kind = 'bill' AND t.from_book <> 'available'), 0)
        OR l.returned <> coalesce(sum(t.amount) FILTER (WHERE t.kind = 'return'), 0)
                       - coalesce(sum(t.amount) FILTER (WHERE t.kind = 'take-back'), 0)
        OR l.reserved <> coalesce(sum(t.amount) FILTER (WHERE t.to_book = 'reserved'), 0)
                       - coalesce(sum(t.amount) FILTER (WHERE t.from_book = 'reserved'), 0)`,
  },
  {
    name: 'conservation: what is reserved is what the open reservations say',
    sql: `SELECT a.id, a.reserved, coalesce(sum(c.amount), 0) AS of_charges
      FROM account a LEFT JOIN charge c ON c.account_id = a.id AND c.state = 'reserved'
      GROUP BY a.id, a.reserved HAVING a.reserved <> coalesce(sum(c.amount), 0)`,
  },
  {
    name: 'conservation: days add up',
    sql: `SELECT d.account_id, d.day, d.committed, d.spent FROM account_day d LEFT JOIN transfer t USING (account_id, day)
      GROUP BY d.account_id, d.day, d.committed, d.spent
      HAVING d.spent <> coalesce(sum(t.amount) FILTER (WHERE t.to_book = 'spent'), 0)
                      - coalesce(sum(t.amount) FILTER (WHERE t.from_book = 'spent'), 0)
        OR d.committed <> coalesce(sum(t.amount) FILTER (WHERE t.from_book = 'available'), 0)
                        - coalesce(sum(t.amount) FILTER (WHERE t.to_book = 'available'), 0)`,
  },
  {
    name: 'conservation: publishers have what was billed and absorbed',
    sql: `SELECT s.account_id, s.publisher_id, s.payable, s.fee
      FROM publisher_share s LEFT JOIN ledger_entry e USING (account_id, publisher_id)
      GROUP BY s.account_id, s.publisher_id, s.payable, s.fee
      HAVING s.payable <> coalesce(sum(e.amount) FILTER (WHERE e.book = 'publisher-payable'), 0)
        OR s.fee <> coalesce(sum(e.amount) FILTER (WHERE e.book = 'exchange-fee'), 0)`,
  },
  {
    name: 'conservation: the slots of an account are its journal',
    sql: `SELECT a.id FROM account a
      LEFT JOIN (SELECT account_id, sum(reserved) AS reserved, sum(billed) AS billed, sum(released) AS released,
                   sum(refunded) AS refunded, sum(absorbed) AS absorbed, sum(bills) AS bills
                 FROM delivery_slot GROUP BY account_id) s ON s.account_id = a.id
      LEFT JOIN (SELECT account_id, sum(amount) FILTER (WHERE kind = 'reserve') AS reserved,
                   sum(amount) FILTER (WHERE kind = 'bill') AS billed,
                   sum(amount) FILTER (WHERE kind = 'release') AS released,
                   sum(amount) FILTER (WHERE kind LIKE 'refund%') AS refunded,
                   sum(amount) FILTER (WHERE kind = 'absorb') AS absorbed, count(*) FILTER (WHERE kind = 'bill') AS bills
                 FROM transfer GROUP BY account_id) t ON t.account_id = a.id
      WHERE (coalesce(s.reserved, 0), coalesce(s.billed, 0), coalesce(s.released, 0), coalesce(s.refunded, 0),
             coalesce(s.absorbed, 0), coalesce(s.bills, 0)) IS DISTINCT FROM
            (coalesce(t.reserved, 0), coalesce(t.billed, 0), coalesce(t.released, 0), coalesce(t.refunded, 0),
             coalesce(t.absorbed, 0), coalesce(t.bills, 0))`,
  },
  {
    name: 'cap: at every prefix of the journal spend is within the budget of that moment',
    sql: `SELECT id, account_id, spent, budget FROM (
        SELECT id, account_id, kind, budget,
          sum(CASE WHEN to_book = 'spent' THEN amount WHEN from_book = 'spent' THEN -amount ELSE 0 END)
            OVER (PARTITION BY account_id ORDER BY id) AS spent
        FROM transfer) AS prefix
      WHERE kind = 'bill' AND spent > budget`,
  },
  {
    name: 'cap: at every prefix of the journal spend of a day is within its budget of that moment',
    sql: `SELECT id, account_id, day, spent, day_budget FROM (
        SELECT id, account_id, day, kind, day_budget,
          sum(CASE WHEN to_book = 'spent' THEN amount WHEN from_book = 'spent' THEN -amount ELSE 0 END)
            OVER (PARTITION BY account_id, day ORDER BY id) AS spent
        FROM transfer) AS prefix
      WHERE kind = 'bill' AND spent > day_budget`,
  },
  {
    name: 'cap: at every prefix of the journal what is out of the budget is within what was put in',
    sql: `SELECT id, account_id, free FROM (
        SELECT id, account_id,
          sum(CASE WHEN to_book = 'available' THEN amount WHEN from_book = 'available' THEN -amount ELSE 0 END)
            OVER (PARTITION BY account_id ORDER BY id) AS free
        FROM transfer) AS prefix
      WHERE free < 0`,
  },
  {
    name: 'cap: no lease is billed above its amount, no tranche leased above its own',
    sql: `SELECT account_id, epoch, sequence FROM lease WHERE reserved + billed + returned > amount
      UNION ALL SELECT account_id, epoch, NULL FROM tranche WHERE leased + returned > amount`,
  },
  {
    name: 'exactly once: a key is billed or absorbed once',
    sql: `SELECT key, count(*) AS times FROM transfer WHERE kind IN ('bill', 'absorb') GROUP BY key HAVING count(*) > 1`,
  },
  {
    name: 'exactly once: a charge and the journal agree',
    sql: `SELECT c.key, c.state FROM charge c LEFT JOIN transfer t ON t.key = c.key
        AND t.kind IN ('reserve', 'release', 'bill', 'absorb', 'refund', 'refund-absorbed')
      WHERE c.amount > 0
      GROUP BY c.key, c.state, c.amount
      HAVING (c.state = 'billed') <> (bool_or(t.kind = 'bill' AND t.amount = c.amount) IS TRUE
                                      AND bool_or(t.kind = 'refund') IS NOT TRUE)
        OR (c.state = 'absorbed') <> (bool_or(t.kind = 'absorb' AND t.amount = c.amount) IS TRUE
                                      AND bool_or(t.kind = 'refund-absorbed') IS NOT TRUE)
        OR (c.state = 'refunded') <> (bool_or(t.kind LIKE 'refund%') IS TRUE)`,
  },
  {
    name: 'conservation: what a DSP owes is what publisher and exchange have',
    sql: 'SELECT transfer_id FROM dsp_ledger_entry GROUP BY transfer_id HAVING sum(amount) <> 0',
  },
  {
    name: 'exactly once: of a DSP a key is billed or void once, and refunded only what was billed',
    sql: `SELECT key FROM dsp_transfer GROUP BY key
      HAVING count(*) FILTER (WHERE kind IN ('bill', 'void')) <> 1 OR count(*) FILTER (WHERE kind = 'refund') > 1
        OR (bool_or(kind = 'refund') AND NOT bool_or(kind = 'bill'))
        OR sum(CASE kind WHEN 'refund' THEN -amount ELSE amount END) < 0`,
  },
];

export interface LedgerProblem {
  readonly check: string;
  readonly row: Row;
}

/** Empty when all is right. Reads the whole journal. */
export async function checkLedger(database: Queryable): Promise<readonly LedgerProblem[]> {
  const problems: LedgerProblem[] = [];
  for (const { name, sql } of LEDGER_CHECKS) {
    for (const row of await database.query(sql)) problems.push({ check: name, row });
  }
  return problems;
}
