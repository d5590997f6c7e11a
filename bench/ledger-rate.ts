/** How many events a second are billed in a PostgreSQL, each known by its key: `DATABASE_URL` says where it is. */
import { randomUUID } from 'node:crypto';
import { openRedisBookingFilter } from '../adapters/booking-filter/booking-filter.redis.ts';
import { setAccountTerms } from '../adapters/ledger/accounts.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openEventBooks } from '../adapters/ledger/event-books.ts';
import { openBudgetLedger } from '../adapters/ledger/ledger.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
import { BillingConsumer } from '../engine/events/billing-consumer.ts';
import { filteredBooks } from '../engine/events/filtered-books.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { adTraffic, shuffled } from '../engine/events/testing/event-traffic.ts';
import type { LeaseKey } from '../engine/ports/budget-ledger.ts';
import type { SourcedEvent } from '../engine/ports/event-source.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

export const LEDGER_RATE_NAMES = [
  'events.ledger_rate',
  'events.ledger_cpu_us',
  'events.ledger_rate.replay',
  'events.ledger_rate.filtered',
  'events.ledger_rate.replay_filtered',
];

/** Booked side by side, as `gavel consume` does. */
const PARTITIONS = 4;
const BATCH_EVENTS = 2000;
const ACCOUNTS = 64;
const DUPLICATE_SHARE = 0.05;
const EVENTS_PER_AD = 2.2;
const EVENTS_PER_SECOND = 10_000;
const BUDGET = 1_000_000_000_000;
/** As is configured by default. */
const REMEMBERED_MAX = 4_000_000;

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
    const plain: Billed[] = [];
    const filtered: Billed[] = [];
    const redisUrl = process.env.REDIS_URL ?? '';
    for (let round = 0; round < scale.rounds; round += 1) {
      const count = Math.ceil(scale.seconds * EVENTS_PER_SECOND);
      plain.push(await billTwice(database, `${round}-`, trafficOf(`${round}-`, { seed, leases, count }), null));
      if (redisUrl === '') continue;
      const events = trafficOf(`${round}f-`, { seed, leases, count });
      filtered.push(await billTwice(database, `${round}f-`, events, redisUrl));
    }
    if (redisUrl === '') progress('  without the fast filter: REDIS_URL does not say where a Redis is');
    const rates = plain.map(({ first }) => Math.round(first.rate));
    progress(`  events/s by round: ${rates.join(', ')}`);
    const rateOf = (billed: readonly Billed[], which: keyof Billed): number =>
      median(billed.map((each) => each[which].rate));
    return [
      { name: 'events.ledger_rate', value: rateOf(plain, 'first'), unit: '1/s' },
      { name: 'events.ledger_cpu_us', value: median(plain.map(({ first }) => first.cpuUs)), unit: 'us' },
      { name: 'events.ledger_rate.replay', value: rateOf(plain, 'again'), unit: '1/s' },
      ...(filtered.length === 0
        ? []
        : [
            { name: 'events.ledger_rate.filtered', value: rateOf(filtered, 'first'), unit: '1/s' },
            { name: 'events.ledger_rate.replay_filtered', value: rateOf(filtered, 'again'), unit: '1/s' },
          ]),
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
  prefix: string,
  { seed, leases, count }: { readonly seed: number; readonly leases: readonly LeaseKey[]; readonly count: number },
): SourcedEvent[] {
  const random = seededRandom(seed).fork(prefix);
  const draw = (): number => random.next();
  const adCount = Math.ceil(count / EVENTS_PER_AD);
  const events = adTraffic({ prefix, adCount, random: draw, nowMs: Date.now(), leases });
  return shuffled(events, draw, DUPLICATE_SHARE).map((event, offset) => {
    return { offset, id: String(offset), key: null, type: event.type, payload: encodeEvent(event) };
  });
}

interface Run {
  readonly rate: number;
  readonly cpuUs: number;
}

interface Billed {
  readonly first: Run;
  /** The same events once more, at other offsets. */
  readonly again: Run;
}

async function billTwice(
  database: Database,
  source: string,
  events: readonly SourcedEvent[],
  redisUrl: string | null,
): Promise<Billed> {
  const books = openEventBooks(database, { source, feePpm: 200_000, nowMs: null, copyDeadLetters: async () => {} });
  const filter =
    redisUrl === null
      ? null
      : await openRedisBookingFilter({
          ...{ url: redisUrl, keyPrefix: `bench-${randomUUID()}:`, source, rememberedMax: REMEMBERED_MAX },
          ...{ commandTimeoutMs: 10_000, onError: () => {} },
        });
  const consumer = new BillingConsumer({
    books: filter === null ? books : filteredBooks(books, filter, { onAsked: () => {}, onSilent: () => {} }),
    billableForMs: () => 86_400_000,
    observer: { onBooked: () => {}, onLate: () => {}, onSetAside: () => {}, onFenced: () => {}, onFailure: () => {} },
  });
  for (let partition = 0; partition < PARTITIONS; partition += 1) await consumer.positionOf(partition);
  const first = await billAll(consumer, events);
  const further = events.map((event) => ({ ...event, offset: event.offset + events.length }));
  const again = await billAll(consumer, further);
  await filter?.close();
  return { first, again };
}

async function billAll(consumer: BillingConsumer, events: readonly SourcedEvent[]): Promise<Run> {
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const share = Math.ceil(events.length / PARTITIONS);
  await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      const own = events.slice(partition * share, (partition + 1) * share);
      for (let at = 0; at < own.length; at += BATCH_EVENTS) {
        await consumer.handle({ partition, events: own.slice(at, at + BATCH_EVENTS) });
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rate: (events.length * 1000) / (performance.now() - startedAtMs), cpuUs: (user + system) / events.length };
}
