import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { FrequencyStore, UserKey } from '../../engine/ports/frequency-store.ts';
import { freePort, hasRedisServer, type Service, startRedis } from '../../test/support/services.ts';
import { DAY_MS, frequencyStoreContract, impression } from './frequency-store.contract.ts';
import { openRedisFrequencyStore } from './frequency-store.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

const KIM = 'kim' as UserKey;
let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

const open = (url: string, keyPrefix: string, commandTimeoutMs = 5000, errors: Error[] = []): Promise<FrequencyStore> =>
  openRedisFrequencyStore({ url, keyPrefix, commandTimeoutMs, onError: (error) => errors.push(error) });

describe.skipIf(redis === null)('with a Redis', () => {
  frequencyStoreContract('the Redis store', async () => {
    const prefix = nextPrefix();
    const stores = [await open(redis!.url, prefix), await open(redis!.url, prefix)] as const;
    return {
      stores,
      dispose: async () => {
        for (const store of stores) await store.close();
      },
    };
  });

  it('keeps a user under one hash-tagged key, for as long as something counts', async () => {
    const prefix = nextPrefix();
    const store = await open(redis!.url, prefix);
    const probe = new Redis(redis!.url);
    const counted = [
      { scope: 'c:spring', momentsKeptMs: 1000, countKeptMs: 60_000 },
      { scope: 'a:acme', momentsKeptMs: 1000, countKeptMs: DAY_MS },
    ];
    await store.take(KIM, impression('1', [], { counted }));
    await store.take(KIM, impression('2', [], { counted: counted.slice(0, 1) }));
    expect(await probe.keys(`${prefix}*`)).toEqual([`${prefix}frequency:{kim}`]);
    const keptMs = await probe.pttl(`${prefix}frequency:{kim}`);
    expect(keptMs).toBeGreaterThan(DAY_MS - 60_000);
    expect(keptMs).toBeLessThanOrEqual(DAY_MS);
    await store.giveBack(KIM, '1', ['c:spring', 'a:acme']);
    await store.giveBack(KIM, '2', ['c:spring']);
    expect(await probe.keys(`${prefix}*`)).toEqual([]);
    probe.disconnect();
    await store.close();
  });
});

describe('without its Redis', () => {
  const running: (Service | FrequencyStore)[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await ('stop' in one ? one.stop() : one.close());
  });

  it('rejects at once and keeps nothing back', async () => {
    const errors: Error[] = [];
    const store = await open(`redis://127.0.0.1:${await freePort()}`, 'x:', 5000, errors);
    running.push(store);
    await expect(store.fetch(KIM)).rejects.toMatchObject({ name: 'FrequencyStoreError', code: 'unavailable' });
    await expect(store.take(KIM, impression('1'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(errors.length).toBeGreaterThan(0);
  });

  it.skipIf(!hasRedisServer)(
    'one that has become a replica is left for whoever is behind the address next',
    async () => {
      const server = (await startRedis(await freePort()))!;
      running.push(server);
      const store = await open(server.url, 'x:');
      running.push(store);
      const admin = new Redis(server.url);
      const connections = async () => Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))![1]);
      await store.take(KIM, impression('1'));
      await admin.call('REPLICAOF', '127.0.0.1', String(await freePort()));
      const before = await connections();
      await expect(store.take(KIM, impression('2'))).rejects.toMatchObject({ code: 'unavailable' });
      await vi.waitFor(async () => expect(await connections()).toBeGreaterThan(before), 5000);
      admin.disconnect();
    },
  );

  it.skipIf(!hasRedisServer)('waits no longer than its time for one that hangs, and comes back', async () => {
    const server = (await startRedis(await freePort()))!;
    running.push(server);
    const store = await open(server.url, 'x:', 50);
    running.push(store);
    const admin = new Redis(server.url);
    await admin.call('CLIENT', 'PAUSE', '500', 'ALL');
    await expect(store.take(KIM, impression('1'))).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitFor(async () => expect(await store.take(KIM, impression('1'))).toEqual({ kind: 'taken' }), 10_000);
    // The one that was given up has run since: it is the same impression.
    expect((await store.fetch(KIM)).get('c:spring')!.count).toBe(1);
    admin.disconnect();
  });
});
