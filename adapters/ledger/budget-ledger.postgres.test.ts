import { afterAll, describe } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { budgetLedgerContract } from './budget-ledger.contract.ts';
import { postgresTestDatabases } from './testing/databases.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  budgetLedgerContract('the ledger on PostgreSQL', () => postgresTestDatabases(postgres!.url)());
});
