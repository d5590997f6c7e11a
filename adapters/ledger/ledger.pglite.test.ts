import { afterAll } from 'vitest';
import { campaignStoreContract } from './campaign-store.contract.ts';
import { deletionBooksContract } from './deletion-books.contract.ts';
import { deliveryReportsContract } from './delivery-reports.contract.ts';
import { budgetLedgerContract } from './ledger.contract.ts';
import { ledgerRecordsContract, ledgerTablesContract } from './ledger-records.contract.ts';
import { migrateContract } from './migrate.contract.ts';
import { moneySurveyContract } from './money-survey.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';
import { trafficMemoriesContract } from './traffic-memories.contract.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

budgetLedgerContract('the ledger on PGlite', async () => new LedgerWorld(await databases()));
ledgerRecordsContract('the ledger on PGlite', databases);
ledgerTablesContract('the ledger on PGlite', databases);
campaignStoreContract('the campaign store on PGlite', databases);
deletionBooksContract('deletions on PGlite', databases);
deliveryReportsContract('the delivery reports on PGlite', databases);
moneySurveyContract('the survey on PGlite', databases);
trafficMemoriesContract('the memories of traffic on PGlite', databases);
migrateContract('PGlite', databases);
