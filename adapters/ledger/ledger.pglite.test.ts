import { afterAll } from 'vitest';
import { campaignStoreContract } from './campaign-store.contract.ts';
import { deliveryReportsContract } from './delivery-reports.contract.ts';
import { budgetLedgerContract } from './ledger.contract.ts';
import { ledgerRecordsContract } from './ledger-records.contract.ts';
import { migrateContract } from './migrate.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

budgetLedgerContract('the ledger on PGlite', async () => new LedgerWorld(await databases()));
ledgerRecordsContract('the ledger on PGlite', databases);
campaignStoreContract('the campaign store on PGlite', databases);
deliveryReportsContract('the delivery reports on PGlite', databases);
migrateContract('PGlite', databases);
