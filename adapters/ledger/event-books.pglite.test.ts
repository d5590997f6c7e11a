import { afterAll } from 'vitest';
import { eventBooksContract } from './event-books.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

eventBooksContract('PGlite', databases, { shuffles: 20 });
