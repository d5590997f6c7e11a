import { afterAll, describe } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { deletionBooksContract } from './deletion-books.contract.ts';
import { postgresTestDatabases } from './testing/databases.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  deletionBooksContract('PostgreSQL', postgresTestDatabases(postgres?.url ?? ''));
});
