/** What events come to in a thousand orders. */
import { afterAll } from 'vitest';
import { eventBooksContract } from '../../adapters/ledger/event-books.contract.ts';
import { pgliteTestDatabases } from '../../adapters/ledger/testing/databases.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

eventBooksContract('PGlite', databases, { shuffles: 1000 });
