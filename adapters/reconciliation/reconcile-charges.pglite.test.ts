import { afterAll } from 'vitest';
import { pgliteTestDatabases } from '../ledger/testing/databases.ts';
import { reconcileChargesContract } from './reconcile-charges.contract.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

reconcileChargesContract('PGlite', databases);
