import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { filteredBooks } from '../../engine/events/filtered-books.ts';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import type { BookedPart, BookingFilter } from '../../engine/ports/booking-filter.ts';
import type { EventBooks } from '../../engine/ports/event-books.ts';
import { seededRandom } from '../../simulator/random.ts';
import { freePort, startRedis } from '../../test/support/services.ts';
import { openTestBooks, sourced, TestConsumer } from '../ledger/testing/billing-world.ts';
import { pgliteTestDatabases } from '../ledger/testing/databases.ts';
import { ledgerHash } from '../ledger/testing/ledger-hash.ts';
import { LedgerWorld, START_MS } from '../ledger/testing/world.ts';
import { openRedisBookingFilter } from './booking-filter.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

const running: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function open(keyPrefix: string, url = redis!.url, rememberedMax = 100_000): Promise<BookingFilter> {
  const filter = await openRedisBookingFilter({
    ...{ url, keyPrefix, source: 'log:a', rememberedMax, commandTimeoutMs: 5000, onError: () => {} },
  });
  running.push(filter);
  return filter;
}

const part = (next: number | null, toOffset: number, epoch = 1, partition = 0): BookedPart => ({
  partition,
  from: { epoch, nextOffset: next },
  toOffset,
});

describe.skipIf(redis === null)('with a Redis', () => {
  it('knows what was told to be done, and what another process has begun', async () => {
    const prefix = nextPrefix();
    const one = await open(prefix);
    const other = await open(prefix);
    expect(await one.begin(part(null, 5), ['a', 'b'])).toEqual(['absent', 'absent']);
    expect(await one.begin(part(null, 5), ['a', 'b'])).toEqual(['absent', 'absent']);
    expect(await other.begin(part(null, 3, 1, 1), ['a', 'c'])).toEqual(['in-flight', 'absent']);
    one.done(part(null, 5), ['a', 'b']);
    expect(await one.begin(part(5, 9), ['b', 'd', 'a'])).toEqual(['done', 'absent', 'done']);
    expect(await other.begin(part(null, 3, 1, 1), ['a', 'c'])).toEqual(['done', 'absent']);
  });

  it('forgets everything when the books stand before what it knows', async () => {
    const claims: [string, BookedPart][] = [
      ['an older copy, before it is claimed', part(7, 12)],
      ['an older copy, claimed since', part(7, 12, 4)],
      ['another database', part(null, 12, 1)],
      ['a replay that an operator wants', part(null, 12, 9)],
    ];
    for (const [why, later] of claims) {
      const filter = await open(nextPrefix());
      filter.done(part(5, 10, 3), ['a']);
      filter.done(part(null, 4, 1, 1), ['x']);
      expect(await filter.begin(part(10, 12, 3), ['a', 'x']), why).toEqual(['done', 'done']);
      expect(await filter.begin(later, ['a', 'x']), why).toEqual(['absent', 'absent']);
      filter.done(later, ['a']);
      const next = part(later.toOffset, 14, later.from.epoch);
      expect(await filter.begin(next, ['a', 'x']), why).toEqual(['done', 'absent']);
    }
  });

  it('forgets everything, too, when the books are found to be older by what they commit', async () => {
    const filter = await open(nextPrefix());
    filter.done(part(5, 1000, 3), ['lost']);
    filter.done(part(400, 410, 4), ['a']);
    expect(await filter.begin(part(500, 510, 4), ['lost', 'a'])).toEqual(['absent', 'done']);
  });

  it('of one that is emptied nothing is done, and other keys are in its place', async () => {
    const prefix = nextPrefix();
    const filter = await open(prefix);
    filter.done(part(5, 10), ['a']);
    expect(await filter.begin(part(10, 12), ['a'])).toEqual(['done']);
    const probe = new Redis(redis!.url);
    const keys = await probe.keys(`${prefix}*`);
    for (const key of keys) {
      expect(key.startsWith(`${prefix}{booked}:`)).toBe(true);
      expect(await probe.pttl(key)).toBeGreaterThan(0);
    }
    await probe.del(keys);
    expect(await filter.begin(part(10, 12), ['a'])).toEqual(['absent']);
    await probe.set(`${prefix}{booked}:places`, 'x');
    expect(await filter.begin(part(10, 12), ['a'])).toBeNull();
    probe.disconnect();
  });

  it('takes thousands at once', async () => {
    const filter = await open(nextPrefix());
    const keys = Array.from({ length: 5000 }, (_, at) => `key-${at}`);
    expect(new Set(await filter.begin(part(null, 1), keys))).toEqual(new Set(['absent']));
    filter.done(part(null, 1), keys);
    const again = (await filter.begin(part(1, 2), [...keys, 'new']))!;
    expect(again.slice(0, 5000).every((state) => state === 'done')).toBe(true);
    expect(again[5000]).toBe('absent');
  });

  it('the ledger is the same with and without, whatever comes twice, is replayed, or falls back to an older copy', async () => {
    const withFilter = async (filter: BookingFilter | null): Promise<{ hash: string; journal: number }> => {
      const world = new LedgerWorld(await pgliteTestDatabases()());
      await world.setTerms({ accountId: 'one', budget: 10_000_000n });
      const leases = [await world.lease(5_000_000, 'one')];
      const random = seededRandom(7);
      const draw = (): number => random.next();
      const traffic = adTraffic({ prefix: '', adCount: 300, random: draw, nowMs: START_MS, leases });
      const once = shuffled(traffic, draw, 0.05);
      const events = [...once, ...once].map(sourced);
      const asked: string[] = [];
      const booksOf = (): EventBooks => {
        const books = openTestBooks(world.database, 'log');
        if (filter === null) return books;
        return filteredBooks(books, filter, { onAsked: (states) => asked.push(...states), onSilent: () => {} });
      };
      await new TestConsumer(booksOf()).takeAll(events, 100);
      if (filter !== null) expect(asked.filter((state) => state === 'done').length).toBeGreaterThan(200);
      await new TestConsumer(booksOf()).takeAll(events, 50);
      const [row] = await world.database.query<{ journal: bigint }>('SELECT count(*) AS journal FROM transfer');
      const hash = await ledgerHash(world.database, '');
      await world.dispose();
      return { hash, journal: Number(row!.journal) };
    };
    const prefix = nextPrefix();
    const plain = await withFilter(null);
    expect(await withFilter(await open(prefix))).toEqual(plain);
    // The same Redis and another database: what it knows was booked elsewhere.
    expect(await withFilter(await open(prefix))).toEqual(plain);
  }, 60_000);
});

it('cannot be asked without its Redis, and says so at once', async () => {
  const port = await freePort();
  const filter = await open('x:', `redis://127.0.0.1:${port}`);
  expect(await filter.begin(part(null, 1), ['a'])).toBeNull();
  filter.done(part(null, 1), ['a']);
  const server = await startRedis(port);
  if (server === null) return;
  await vi.waitFor(async () => expect(await filter.begin(part(null, 1), ['a'])).toEqual(['absent']), 10_000);
  await server.stop();
  await vi.waitFor(async () => expect(await filter.begin(part(null, 1), ['a'])).toBeNull(), 10_000);
});
