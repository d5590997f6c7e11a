/** What frequency caps, leases and counters take of a Redis: its own CPU by operation. `REDIS_URL` says where it is. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { openRedisBudgetStore } from '../adapters/budget-store/budget-store.redis.ts';
import { systemClock } from '../adapters/clock.ts';
import { openRedisFrequencyStore } from '../adapters/frequency/frequency-store.redis.ts';
import type { BudgetStore, LeaseWanted } from '../engine/ports/budget-store.ts';
import type { ImpressionToTake, UserKey } from '../engine/ports/frequency-store.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { redisCpuUs, removeKeys } from './redis-side.ts';

export const REDIS_NAMES = ['redis.frequency_us', 'redis.lease_us'];

const OPERATIONS_PER_SECOND = 4000;
/** Commands on the way at a time: as engines have them, so that Redis answers several at each look at its sockets. */
const UNDER_WAY = 32;
const USERS = 10_000;
const CAMPAIGNS = 50;
const ACCOUNTS = 1000;
const HOUR_MS = 3_600_000;

/** One operation; `at` counts from 0. */
type Operation = (at: number) => Promise<unknown>;

export async function measureRedisCost({ scale, progress }: BenchContext): Promise<Measurement[]> {
  const url = process.env.REDIS_URL ?? '';
  if (url === '') {
    progress('  left out: REDIS_URL does not say where a Redis is (scripts/services up)');
    return [];
  }
  const keyPrefix = `bench-${randomUUID()}:`;
  const options = { url, keyPrefix, commandTimeoutMs: 10_000, onError: () => {} };
  const frequencies = await openRedisFrequencyStore(options);
  const budgets = await openRedisBudgetStore(options);
  const redis = new Redis(url);
  const count = Math.ceil(scale.seconds * OPERATIONS_PER_SECOND);
  const measure = async (name: string, operation: Operation): Promise<Measurement> => {
    const rounds: number[] = [];
    for (let round = 0; round < scale.rounds; round++) {
      rounds.push(await redisUsOf(redis, (at) => operation(round * count + at), count));
    }
    progress(`  ${name} by round: ${rounds.map((us) => us.toFixed(1)).join(', ')}`);
    return { name, value: median(rounds), unit: 'us' };
  };
  try {
    await installTranches(budgets);
    return [
      // An auction looks a user up; a win of ours takes an impression. Both, since a capped campaign is there to win.
      await measure('redis.frequency_us', async (at) => {
        const user = `user-${at % USERS}` as UserKey;
        await frequencies.fetch(user);
        await frequencies.take(user, impressionOf(at));
      }),
      await measure('redis.lease_us', (at) => budgets.grant(leaseOf(at))),
    ];
  } finally {
    await Promise.all([frequencies.close(), budgets.close(), redis.quit()]);
    await removeKeys(url, keyPrefix);
  }
}

async function redisUsOf(redis: Redis, operation: Operation, count: number): Promise<number> {
  const beforeUs = await redisCpuUs(redis);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await operation(next++);
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
  return ((await redisCpuUs(redis)) - beforeUs) / count;
}

function impressionOf(at: number): ImpressionToTake {
  const scope = `c:campaign-${at % CAMPAIGNS}`;
  return {
    requestId: `request-${at}`,
    counted: [{ scope, momentsKeptMs: HOUR_MS, countKeptMs: HOUR_MS }],
    rules: [{ scope, count: 1000, windowMs: HOUR_MS }],
  };
}

async function installTranches(budgets: BudgetStore): Promise<void> {
  const notAfterMs = systemClock.wallMs() + HOUR_MS;
  for (let account = 0; account < ACCOUNTS; account++) {
    const accountId = `account-${account}`;
    await budgets.install({ accountId, epoch: 1, amount: 1e15, budgetLeft: 1e15, notAfterMs });
  }
}

function leaseOf(at: number): LeaseWanted {
  return {
    requestId: `lease-${at}`,
    accountId: `account-${at % ACCOUNTS}`,
    processId: `process-${at % 8}`,
    amount: 1_000_000,
    amountMin: 1000,
    termMs: 5000,
  };
}
