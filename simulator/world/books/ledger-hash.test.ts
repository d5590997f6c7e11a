import { expect, it } from 'vitest';
import { openTestBooks, sourced, TestConsumer } from '../../../adapters/ledger/testing/billing-world.ts';
import { LedgerWorld, START_MS } from '../../../adapters/ledger/testing/world.ts';
import { MemoryDatabase } from '../../../compose.ts';
import type { OutcomeEvent } from '../../../engine/events/outcome-events.ts';
import { adTraffic, shuffled } from '../../../engine/events/testing/event-traffic.ts';
import { seededRandom } from '../../random.ts';
import { ledgerHash } from './ledger-hash.ts';

async function hashOf(seed: number, choose: (traffic: OutcomeEvent[]) => OutcomeEvent[]): Promise<string> {
  const database = new MemoryDatabase({ nowMs: () => START_MS });
  const world = new LedgerWorld({ database, another: () => database, dispose: database.close });
  await world.setTerms({ budget: 100_000n });
  const traffic = seededRandom(7);
  const leases = [await world.lease(50_000)];
  const events = adTraffic({ prefix: 'e-', adCount: 40, random: () => traffic.next(), nowMs: START_MS, leases });
  const order = seededRandom(seed);
  const mixed = choose(shuffled(events, () => order.next(), 0.05));
  const consumer = new TestConsumer(openTestBooks(database, 'log'));
  await consumer.takeAll(mixed.map(sourced), order.integer(1, 50));
  return ledgerHash(database.tables);
}

const all = (events: OutcomeEvent[]): OutcomeEvent[] => events;

it('is the same in whatever order events are booked, some of them twice', async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 12; seed++) hashes.add(await hashOf(seed, all));
  expect(hashes.size).toBe(1);
});

it('is another one when an impression is missing', async () => {
  const withoutOne = (events: OutcomeEvent[]): OutcomeEvent[] => {
    const missing = events.find(({ type }) => type === 'impression')!.id;
    return events.filter(({ id }) => id !== missing);
  };
  expect(await hashOf(1, withoutOne)).not.toBe(await hashOf(1, all));
});
