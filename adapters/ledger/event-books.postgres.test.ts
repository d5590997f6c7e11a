import { afterAll, describe } from 'vitest';
import { startPostgres } from '../../test/support/services.ts';
import { bookedEventsContract } from './booked-events.contract.ts';
import { eventBooksContract } from './event-books.contract.ts';
import { postgresTestDatabases } from './testing/databases.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  const databases = postgresTestDatabases(postgres?.url ?? '');
  eventBooksContract('PostgreSQL', databases, { shuffles: 10 });
  bookedEventsContract('PostgreSQL', databases);
});
