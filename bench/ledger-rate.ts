/** How many events a second are billed in a PostgreSQL, each known by its key: `DATABASE_URL` says where it is. */
import { randomUUID } from 'node:crypto';
import { setAccountTerms } from '../adapters/ledger/accounts.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openEventBooks } from '../adapters/ledger/event-books.ts';
import { openBudgetLedger } from '../adapters/ledger/ledger.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
import { BillingConsumer } from '../engine/events/billing-consumer.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { adTraffic, shuffled } from '../engine/events/testing/event-traffic.ts';
import type { LeaseKey } from '../engine/ports/budget-ledger.ts';
import type { SourcedEvent } from '../engine/ports/event-source.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

export const LEDGER_RATE_NAMES = ['events.ledger_rate', 'events.ledger_cpu_us'];

/** Booked side by side, as `gavel consume` does. */
const PARTITIONS = 4;
const BATCH_EVENTS = 2000;
const ACCOUNTS = 64;
const DUPLICATE_SHARE = 0.05;
const EVENTS_PER_AD = 2.2;
const EVENTS_PER_SECOND = 10_000;
const BUDGET = 1_000_000_000_000;

/** Read, checked against their schemas and booked; writing them down before is not in it. */
export async function measureLedgerRate({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const url = process.env.DATABASE_URL ?? '';
  if (url === '') {
    progress('  left out: DATABASE_URL does not say where a PostgreSQL is (scripts/services up)');
    return [];
  }
  const schema = `bench_${randomUUID().replaceAll('-', '')}`;
  const admin = open(url);
  await admin.script(`CREATE SCHEMA ${schema}`);
  const address = new URL(url);
  address.searchParams.set('options', `-c search_path=${schema}`);
  const database = open(address.href);
  try {
    await migrate(database);
    const leases = await openLeases(database);
    const rounds: { rate: number; cpuUs: number }[] = [];
    for (let round = 0; round < scale.rounds; round += 1) {
      const events = trafficOf(round, { seed, leases, count: Math.ceil(scale.seconds * EVENTS_PER_SECOND) });
      rounds.push(await billAll(database, `round ${round}`, events));
    }
    progress(`  events/s by round: ${rounds.map(({ rate }) => Math.round(rate)).join(', ')}`);
    return [
      { name: 'events.ledger_rate', value: median(rounds.map(({ rate }) => rate)), unit: '1/s' },
      { name: 'events.ledger_cpu_us', value: median(rounds.map(({ cpuUs }) => cpuUs)), unit: 'us' },
    ];
  } finally {
    await database.close();
    await admin.script(`DROP SCHEMA ${schema} CASCADE`);
    await admin.close();
  }
}

function open(url: string): Database {
  return openPostgresDatabase({
    url,
    connectionsMax: PARTITIONS,
    statementTimeoutMs: 60_000,
    connectTimeoutMs: 10_000,
    onError: () => {},
  });
}

async function openLeases(database: Database): Promise<LeaseKey[]> {
  const ledger = openBudgetLedger(database, { processId: 'bench', billingHorizonMs: 0, feePpm: 0, nowMs: null });
  const leases: LeaseKey[] = [];
  for (let at = 0; at < ACCOUNTS; at += 1) {
    const accountId = `account-${at}`;
    const terms = { unit: 'nanos', currency: 'USD', timeZone: 'UTC', status: 'active', endAtMs: null } as const;
    const account = { ...terms, accountId, budget: BigInt(BUDGET), dailyBudget: null };
    await database.transaction((tx) => setAccountTerms(tx, [account], { actor: 'bench', nowMs: null }));
    const wanted = { requestId: accountId, accountId, amount: BUDGET, amountMin: 1, afterEpoch: 0 };
    const tranche = await ledger.openTranche(wanted);
    if (typeof tranche === 'string') throw new Error(tranche);
    const key = { accountId, epoch: tranche.epoch, sequence: 1 };
    await ledger.confirmLeases([
      { ...key, requestId: accountId, processId: 'bench', amount: BUDGET, termMs: 3_600_000 },
    ]);
    leases.push(key);
  }
  return leases;
}

function trafficOf(
  round: number,
  { seed, leases, count }: { readonly seed: number; readonly leases: readonly LeaseKey[]; readonly count: number },
): SourcedEvent[] {
  const random = seededRandom(seed + round);
  const draw = (): number => random.next();
  const adCount = Math.ceil(count / EVENTS_PER_AD);
  const events = adTraffic({ prefix: `${round}-`, adCount, random: draw, nowMs: Date.now(), leases });
  return shuffled(events, draw, DUPLICATE_SHARE).map((event, offset) => {
    return { offset, id: String(offset), key: null, type: event.type, payload: encodeEvent(event) };
  });
}

async function billAll(
  database: Database,
  source: string,
  events: readonly SourcedEvent[],
): Promise<{ rate: number; cpuUs: number }> {
  const consumer = new BillingConsumer({
    books: openEventBooks(database, { source, feePpm: 200_000, nowMs: null, copyDeadLetters: async () => {} }),
    billableForMs: () => 86_400_000,
    observer: { onBooked: () => {}, onLate: () => {}, onSetAside: () => {}, onFenced: () => {}, onFailure: () => {} },
  });
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const share = Math.ceil(events.length / PARTITIONS);
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      await consumer.positionOf(partition);
      const own = events.slice(partition * share, (partition + 1) * share);
      for (let at = 0; at < own.length; at += BATCH_EVENTS) {
        await consumer.handle({ partition, events: own.slice(at, at + BATCH_EVENTS) });
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rate: (events.length * 1000) / (performance.now() - startedAtMs), cpuUs: (user + system) / events.length };
}
