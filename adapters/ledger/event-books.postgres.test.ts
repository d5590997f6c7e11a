import { afterAll, describe, expect, it } from 'vitest';
import { buildOutcome, DSP_SALE } from '../../engine/events/testing/build-events.ts';
import { startPostgres } from '../../test/support/services.ts';
import { bookedEventsContract } from './booked-events.contract.ts';
import { eventBooksContract } from './event-books.contract.ts';
import { eventWatermarksContract } from './event-watermarks.contract.ts';
import { openTestBooks, sourced, TestConsumer } from './testing/billing-world.ts';
import { postgresTestDatabases } from './testing/databases.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a PostgreSQL', () => {
  const databases = postgresTestDatabases(postgres?.url ?? '');
  eventBooksContract('PostgreSQL', databases, { shuffles: 10 });
  bookedEventsContract('PostgreSQL', databases);
  eventWatermarksContract('PostgreSQL', databases);

  it('an event is not set aside for what the database lacks', async () => {
    const world = new LedgerWorld(await databases());
    const test = new TestConsumer(openTestBooks(world.database, 'log'));
    await test.consumer.positionOf(0);
    const sale = { ...DSP_SALE, soldAtMs: START_MS };
    const events = [sourced(buildOutcome('impression', { sale, atMs: START_MS, billingNotice: null }), 0)];
    await world.database.script('ALTER TABLE dsp_transfer RENAME TO elsewhere');
    await expect(test.take(events)).rejects.toMatchObject({ code: 'unavailable' });
    await world.database.script('ALTER TABLE elsewhere RENAME TO dsp_transfer');
    await test.take(events);
    expect([test.setAside, test.results()]).toEqual([[], ['billed']]);
    await world.dispose();
  });
});
