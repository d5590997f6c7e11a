import { afterAll, describe } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { campaignStoreContract } from './campaign-store.contract.ts';
import { deletionBooksContract } from './deletion-books.contract.ts';
import { deliveryReportsContract } from './delivery-reports.contract.ts';
import { budgetLedgerContract } from './ledger.contract.ts';
import { ledgerRecordsContract, ledgerTablesContract } from './ledger-records.contract.ts';
import { migrateContract } from './migrate.contract.ts';
import { moneySurveyContract } from './money-survey.contract.ts';
import { postgresTestDatabases } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';
import { trafficMemoriesContract } from './traffic-memories.contract.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  const databases = postgresTestDatabases(postgres?.url ?? '');
  budgetLedgerContract('the ledger on PostgreSQL', async () => new LedgerWorld(await databases()));
  ledgerRecordsContract('the ledger on PostgreSQL', databases);
  ledgerTablesContract('the ledger on PostgreSQL', databases);
  campaignStoreContract('the campaign store on PostgreSQL', databases);
  deletionBooksContract('deletions on PostgreSQL', databases);
  deliveryReportsContract('the delivery reports on PostgreSQL', databases);
  moneySurveyContract('the survey on PostgreSQL', databases);
  trafficMemoriesContract('the memories of traffic on PostgreSQL', databases);
  migrateContract('PostgreSQL', databases);
});
