/** The books in memory beside those on PGlite: the same calls have the same answers, and leave the same. */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import { seededRandom } from '../../simulator/random.ts';
import { openTestBooks, sourced, TestConsumer } from './testing/billing-world.ts';
import { type CreateTestDatabase, pgliteTestDatabases } from './testing/databases.ts';
import { ledgerHash } from './testing/ledger-hash.ts';
import { beginPlay, type Step, steps } from './testing/ledger-steps.ts';
import { memoryTestDatabases } from './testing/memory-databases.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

const onPglite = pgliteTestDatabases();
const inMemory = memoryTestDatabases();
afterAll(async () => {
  await onPglite.stop();
  await inMemory.stop();
});

/** Whatever the books have written, but for what is numbered by the database itself. */
const WRITTEN = [
  'SELECT kind, key, from_book, to_book, amount, fee, publisher_id, epoch, sequence, day, budget, day_budget, at_ms FROM transfer ORDER BY kind, key',
  'SELECT * FROM account ORDER BY id',
  'SELECT * FROM account_day ORDER BY account_id, day',
  'SELECT * FROM tranche ORDER BY account_id, epoch',
  'SELECT * FROM lease ORDER BY account_id, epoch, sequence',
  'SELECT * FROM charge ORDER BY key',
  'SELECT * FROM delivery_slot ORDER BY account_id, slot_start_ms',
  'SELECT * FROM publisher_share ORDER BY account_id, publisher_id',
  'SELECT * FROM booked_event ORDER BY id',
  'SELECT kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms, terms FROM dsp_transfer ORDER BY kind, key',
  'SELECT * FROM billing_notice ORDER BY key',
  'SELECT * FROM pending_notice ORDER BY key',
  'SELECT source, partition, log_offset, type, reason, tries FROM dead_letter ORDER BY source, log_offset',
  'SELECT actor, action, subject, details, at_ms FROM audit ORDER BY id',
];

async function played(create: CreateTestDatabase, calls: readonly Step[], seed: number): Promise<unknown[]> {
  const test = await create();
  const state = await beginPlay(new LedgerWorld(test));
  const { world } = state;
  const seen: unknown[] = [];
  for (const call of calls) {
    seen.push(await call(state));
    seen.push(await world.ledger.figures(['c1', 'c2']));
  }
  seen.push(await billed(world, seed));
  seen.push(await ledgerHash(world.database, ''));
  for (const sql of WRITTEN) seen.push(await world.database.query(sql));
  await test.dispose();
  return seen;
}

/** Events of ads of DSPs and of our own, in some order and some of them twice. */
async function billed(world: LedgerWorld, seed: number): Promise<unknown> {
  const random = seededRandom(seed);
  const next = (): number => random.next();
  const accountId = 'events';
  world.nowMs = Math.max(world.nowMs, START_MS);
  await world.setTerms({ accountId, budget: 2000n });
  const leases = [await world.lease(1500, accountId)];
  const traffic = adTraffic({ prefix: 'e-', adCount: 30, random: next, nowMs: START_MS, leases });
  const consumer = new TestConsumer(openTestBooks(world.database, 'log'));
  await consumer.takeAll(shuffled(traffic, next, 0.1).map(sourced), 1 + Math.floor(next() * 20));
  return [consumer.results(), consumer.setAside];
}

it('answer and write the same', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (calls, seed) => {
      expect(await played(inMemory, calls, seed)).toEqual(await played(onPglite, calls, seed));
    }),
    { numRuns: 6 },
  );
});
