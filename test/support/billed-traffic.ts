/** Events of some ads, and what they come to: accounts with leases in a database, and the hash of its books in the end. */
import { openTestBooks, sourced, TestConsumer } from '../../adapters/ledger/testing/billing-world.ts';
import { type PostgresTestDatabase, postgresTestDatabases } from '../../adapters/ledger/testing/databases.ts';
import { ledgerHash } from '../../adapters/ledger/testing/ledger-hash.ts';
import { LedgerWorld, START_MS } from '../../adapters/ledger/testing/world.ts';
import type { OutcomeEvent } from '../../engine/events/outcome-events.ts';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import { seededRandom } from '../../simulator/random.ts';

export interface BilledTraffic {
  /** In any order, some of them twice or more. */
  readonly events: OutcomeEvent[];
  /** What the books come to when each is told once, in order, by nobody who is killed. */
  readonly expected: string;
}

const ACCOUNTS = ['one', 'two'];
const BUDGET = 10_000_000;
const SEED = 11;

export async function billedTraffic(
  test: PostgresTestDatabase,
  server: string,
  adCount: number,
): Promise<BilledTraffic> {
  const leases = await lease(new LedgerWorld(test));
  const random = seededRandom(SEED);
  const draw = (): number => random.next();
  const events = adTraffic({ prefix: '', adCount, random: draw, nowMs: START_MS, leases });
  const another = new LedgerWorld(await postgresTestDatabases(server)());
  await lease(another);
  await new TestConsumer(openTestBooks(another.database, 'x')).takeAll(events.map(sourced), 500);
  const expected = await ledgerHash(another.database, '');
  await another.dispose();
  return { events: shuffled(events, draw, 0.05), expected };
}

async function lease(world: LedgerWorld): Promise<{ accountId: string; epoch: number; sequence: number }[]> {
  const leases = [];
  for (const accountId of ACCOUNTS) {
    await world.setTerms({ accountId, budget: BigInt(BUDGET) });
    leases.push(await world.lease(BUDGET / 2, accountId));
  }
  return leases;
}
