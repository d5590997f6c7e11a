/** Bills one key after the other and says so: for tests that kill it. Arguments: PostgreSQL address or folder, first key, lease. */

import { openPgliteDatabase } from '../database.pglite.ts';
import type { Database } from '../database.ts';
import { openBudgetLedger } from '../ledger.ts';
import { openDatabaseOf } from './databases.ts';

const [place, first, accountId, epoch] = process.argv.slice(-4) as [string, string, string, string];
const database: Database = place.startsWith('postgres') ? openDatabaseOf(place) : await openPgliteDatabase(place);
const ledger = openBudgetLedger(database, { processId: 'killed', billingHorizonMs: 0, feePpm: 0, nowMs: null });
const lease = { accountId, epoch: Number(epoch), sequence: 1 };
for (let at = Number(first); ; at += 2) {
  const bills = [at, at + 1].map((key) => ({ ...lease, key: `k${key}`, amount: 1, publisherId: 'p', atMs: 0 }));
  const results = await ledger.bill(bills);
  process.stdout.write(`${results.every((result) => result === 'billed') ? at + 1 : 'refused'}\n`);
}
