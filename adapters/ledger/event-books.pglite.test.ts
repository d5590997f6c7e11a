import { afterAll } from 'vitest';
import { bookedEventsContract } from './booked-events.contract.ts';
import { eventBooksContract } from './event-books.contract.ts';
import { eventWatermarksContract } from './event-watermarks.contract.ts';
import { pgliteTestDatabases } from './testing/databases.ts';

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

eventBooksContract('PGlite', databases, { shuffles: 20 });
bookedEventsContract('PGlite', databases);
eventWatermarksContract('PGlite', databases);
