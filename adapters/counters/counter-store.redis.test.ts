import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { WINDOW_MS, windowOf } from '../../engine/counters/counts.ts';
import type { CounterStore } from '../../engine/ports/counter-store.ts';
import { freePort, hasRedisServer, type Service, startRedis } from '../../test/support/services.ts';
import { BOUNDS, counterStoreContract, impression, SPRING, sumOf } from './counter-store.contract.ts';
import type { CounterBounds } from './counter-store.embedded.ts';
import { openRedisCounterStore } from './counter-store.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

function open(url: string, keyPrefix: string, options: Partial<CounterBounds & { source: string }> = {}) {
  return openRedisCounterStore({
    ...{ ...BOUNDS, url, keyPrefix, source: 'log:a', commandTimeoutMs: 5000, onError: () => {} },
    ...options,
  });
}

const running: { close?: () => Promise<void>; stop?: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await (one.close ?? one.stop)!();
});

async function opened(url: string, prefix: string, options = {}): Promise<CounterStore> {
  const store = await open(url, prefix, options);
  running.push(store);
  return store;
}

const WINDOW = () => windowOf(Date.now()) - WINDOW_MS;
const batch = (from: number, to: number, partition = 0) => ({
  partition,
  events: Array.from({ length: to - from }, (_, index) => impression(from + index, WINDOW())),
  toOffset: to,
});
const impressions = async (store: CounterStore) =>
  sumOf(await store.read(SPRING, { fromMs: Date.now() - 600_000, toMs: Date.now() + 10_000 })).impression;

describe.skipIf(redis === null)('with a Redis', () => {
  counterStoreContract('the Redis store', async (bounds) => {
    const store = await open(redis!.url, nextPrefix(), bounds);
    return { store, nowMs: Date.now, dispose: async () => {} };
  });

  it('keeps everything under one hash tag, and nothing for ever', async () => {
    const prefix = nextPrefix();
    const store = await opened(redis!.url, prefix);
    await store.claim(0);
    await store.count(batch(1, 500));
    const probe = new Redis(redis!.url);
    const keys = await probe.keys(`${prefix}*`);
    expect(keys.length).toBeGreaterThan(100);
    for (const key of keys) {
      expect(key.startsWith(`${prefix}{counters}:`)).toBe(true);
      expect(await probe.pttl(key)).toBeGreaterThan(0);
    }
    const window = await probe.pttl(keys.find((key) => key.includes(':window:'))!);
    expect(window).toBeLessThanOrEqual(BOUNDS.keptMs + WINDOW_MS);
    probe.disconnect();
  });

  it('forgets the oldest ids, and no longer has them', async () => {
    const prefix = nextPrefix();
    const store = await opened(redis!.url, prefix, { rememberedMax: 1000 });
    await store.claim(0);
    await store.count(batch(1, 8001));
    const probe = new Redis(redis!.url);
    expect(Number(await probe.hget(`${prefix}{counters}:meta`, 'generation'))).toBeGreaterThan(5);
    expect(await store.count(batch(8001, 8002))).toMatchObject({ repeated: 0 });
    const again = { ...impression(8002, WINDOW()), id: 'event-1' };
    expect(await store.count({ partition: 0, events: [again], toOffset: 8003 })).toMatchObject({ repeated: 0 });
    probe.disconnect();
  });

  it('a zombie counts nothing any more', async () => {
    const prefix = nextPrefix();
    const zombie = await opened(redis!.url, prefix);
    const successor = await opened(redis!.url, prefix);
    await zombie.claim(0);
    await zombie.count(batch(1, 10));
    expect(await successor.claim(0)).toBe(10);
    await expect(zombie.count(batch(10, 20))).rejects.toMatchObject({ code: 'fenced' });
    await successor.count(batch(10, 15));
    await expect(zombie.count(batch(10, 20))).rejects.toMatchObject({ code: 'fenced' });
    expect(await impressions(successor)).toBe(14);
  });

  it('two logs with the same partition are two', async () => {
    const prefix = nextPrefix();
    const one = await opened(redis!.url, prefix);
    const other = await opened(redis!.url, prefix, { source: 'log:b' });
    await one.claim(0);
    await one.count(batch(1, 10));
    expect(await other.claim(0)).toBeNull();
  });

  it('what others have put in the place of our keys is healed', async () => {
    const prefix = nextPrefix();
    const store = await opened(redis!.url, prefix);
    const probe = new Redis(redis!.url);
    await probe.set(`${prefix}{counters}:window:${WINDOW()}:campaign`, 'x');
    await probe.set(`${prefix}{counters}:places`, 'x');
    await store.claim(0);
    await store.count(batch(1, 3));
    expect(await impressions(store)).toBe(2);
    probe.disconnect();
  });

  it('of an emptied Redis it says that its place is lost, and counts from the beginning without doubling', async () => {
    const prefix = nextPrefix();
    const store = await opened(redis!.url, prefix);
    await store.claim(0);
    await store.count(batch(1, 10));
    const probe = new Redis(redis!.url);
    await probe.del(await probe.keys(`${prefix}*`));
    await expect(store.count(batch(10, 12))).rejects.toMatchObject({ code: 'lost' });
    expect(await store.claim(0)).toBeNull();
    await store.count(batch(1, 12));
    expect(await impressions(store)).toBe(11);
    probe.disconnect();
  });

  it('an older copy of Redis is counted on from where that one was', async () => {
    const prefix = nextPrefix();
    const store = await opened(redis!.url, prefix);
    const probe = new Redis(redis!.url);
    await store.claim(0);
    await store.count(batch(1, 10));
    const copies = await Promise.all(
      (await probe.keys(`${prefix}*`)).map(async (key) => [key, (await probe.dumpBuffer(key))!] as const),
    );
    await store.count(batch(10, 30));
    await probe.del(await probe.keys(`${prefix}*`));
    for (const [key, copy] of copies) await probe.restore(key, 60_000, copy);
    await expect(store.count(batch(30, 40))).rejects.toMatchObject({ code: 'lost' });
    expect(await store.claim(0)).toBe(10);
    await store.count(batch(10, 40));
    expect(await impressions(store)).toBe(39);
    probe.disconnect();
  });
});

describe('without its Redis', () => {
  it('rejects at once', async () => {
    const store = await opened(`redis://127.0.0.1:${await freePort()}`, 'x:');
    await expect(store.claim(0)).rejects.toMatchObject({ name: 'CounterStoreError', code: 'unavailable' });
    await expect(store.readAll('dsp', { fromMs: 0, toMs: WINDOW_MS })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.skipIf(!hasRedisServer)('a call whose answer is lost counts once', async () => {
    const server: Service = (await startRedis(await freePort()))!;
    running.push(server);
    const store = await openRedisCounterStore({
      ...{ ...BOUNDS, url: server.url, keyPrefix: 'x:', source: 'a', commandTimeoutMs: 100, onError: () => {} },
    });
    running.push(store);
    await store.claim(0);
    const admin = new Redis(server.url);
    await admin.call('CLIENT', 'PAUSE', '400', 'ALL');
    await expect(store.count(batch(1, 300))).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(async () => store.count(batch(1, 300)), 10_000);
    expect(await impressions(store)).toBe(299);
    admin.disconnect();
  });
});
