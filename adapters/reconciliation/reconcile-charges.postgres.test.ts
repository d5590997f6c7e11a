import { afterAll, describe } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { postgresTestDatabases } from '../ledger/testing/databases.ts';
import { reconcileChargesContract } from './reconcile-charges.contract.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  reconcileChargesContract('PostgreSQL', postgresTestDatabases(postgres?.url ?? ''));
});
