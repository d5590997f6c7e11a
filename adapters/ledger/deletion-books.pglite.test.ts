import { afterAll } from 'vitest';
import { deletionBooksContract } from './deletion-books.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

deletionBooksContract('PGlite', databases);
