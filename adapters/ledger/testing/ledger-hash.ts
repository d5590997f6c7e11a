/** What the books come to, whatever the order of the bookings was: who pays, who is paid, and what is still held. */
import { createHash } from 'node:crypto';
import type { Queryable } from '../database.ts';

/** Of the accounts and keys that begin with `prefix`, which itself does not count. */
export async function ledgerHash(database: Queryable, prefix: string): Promise<string> {
  const hash = createHash('sha256');
  for (const sql of FACTS) {
    for (const row of await database.query(sql, [prefix])) hash.update(`${Object.values(row).join('|')}\n`);
  }
  return hash.digest('hex');
}

const FACTS = [
  `SELECT substr(id, length($1) + 1), budget, spent, reserved, absorbed FROM account WHERE starts_with(id, $1) ORDER BY 1`,
  // Of what nobody pays, it is all one why.
  `SELECT substr(key, length($1) + 1), CASE WHEN state IN ('reserved', 'billed', 'absorbed') THEN state ELSE 'unpaid' END,
      CASE WHEN state IN ('reserved', 'billed', 'absorbed') THEN amount ELSE 0 END,
      CASE WHEN state IN ('billed', 'absorbed') THEN fee ELSE 0 END
    FROM charge WHERE starts_with(key, $1) ORDER BY 1`,
  `SELECT publisher_id, sum(payable), sum(fee) FROM publisher_share WHERE starts_with(account_id, $1)
    GROUP BY 1 HAVING sum(payable) <> 0 OR sum(fee) <> 0 ORDER BY 1`,
  `SELECT substr(key, length($1) + 1), dsp_id, publisher_id, currency, book, sum(amount) FROM dsp_ledger_entry
    WHERE starts_with(key, $1) GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> 0 ORDER BY 1, 5`,
];
