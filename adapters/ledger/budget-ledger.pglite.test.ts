import { afterAll } from 'vitest';
import { budgetLedgerContract } from './budget-ledger.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

budgetLedgerContract('the ledger on PGlite', databases);
