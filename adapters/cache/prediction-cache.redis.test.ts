import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { TAG_ALL } from '../../engine/estimation/cache/invalidations.ts';
import type { PredictionCache } from '../../engine/ports/prediction-cache.ts';
import { freePort, hasRedisServer, type Service, startRedis } from '../../test/support/services.ts';
import { prediction, predictionCacheContract } from './prediction-cache.contract.ts';
import { openRedisPredictionCache } from './prediction-cache.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

const open = (
  url: string,
  keyPrefix: string,
  errors: Error[] = [],
  commandTimeoutMs = 5000,
): Promise<PredictionCache> =>
  openRedisPredictionCache({
    url,
    keyPrefix,
    commandTimeoutMs,
    keptMsMax: 60_000,
    onError: (error) => errors.push(error),
  });

describe.skipIf(redis === null)('with a Redis', () => {
  predictionCacheContract('the Redis cache', async () => {
    const prefix = nextPrefix();
    const caches = [await open(redis!.url, prefix), await open(redis!.url, prefix)] as const;
    return {
      caches,
      isShared: true,
      dispose: async () => {
        for (const cache of caches) await cache.close();
      },
    };
  });

  it('takes nothing for a prediction that none can be, and answers for the other keys', async () => {
    const prefix = nextPrefix();
    const cache = await open(redis!.url, prefix);
    const others = new Redis(redis!.url);
    const entryOf = (key: number) => `${prefix}prediction:${key.toString(36)}`;
    try {
      const strange = ['garbage', '', '0.1', '0.1 x 0 0 0', 'nan 1 0 0 0', '2 1 0 0 0', '0 1 0 0 0', '-0.1 1 0 0 0'];
      strange.push('0.1 9000000000000000 0 0 0', '0.1 inf 0 0 0', '0.1 nan 0 0 0', '0.1 1 0 0', '0.1 1 0 0 0 0');
      for (const [index, text] of strange.entries()) await others.set(entryOf(index + 1), text);
      await others.lpush(entryOf(100), 'a list');
      const keys = [...strange.keys()].map((index) => index + 1).concat(100);
      await cache.store([prediction(0)]);
      const found = await cache.fetch([...keys, 0]);
      expect(found.slice(0, -1)).toEqual(keys.map(() => null));
      expect(found.at(-1)!.value).toBe(0.1);
      await cache.store(keys.map((key) => prediction(key)));
      expect((await cache.fetch(keys)).map((one) => one?.value)).toEqual(keys.map(() => 0.1));
      // Better forgotten once too often than used against somebody's will.
      await others.set(`${prefix}invalidated:11`, 'garbage');
      expect(await cache.fetch([0])).toEqual([null]);
    } finally {
      others.disconnect();
      await cache.close();
    }
  });
});

/** Between a cache and its Redis: closed until `listen`, and slow to pass SUBSCRIBE on. */
class SlowPath {
  readonly #redisPort: number;
  readonly #subscribeDelayMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#relay(socket));

  constructor(redisPort: number, subscribeDelayMs: number) {
    this.#redisPort = redisPort;
    this.#subscribeDelayMs = subscribeDelayMs;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Connections break; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.#server.close();
    this.cut();
  }

  #relay(near: Socket): void {
    const far = connect(this.#redisPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    far.pipe(near);
    near.on('data', (data) => {
      const isSubscribe = data.toString('latin1').toLowerCase().includes('subscribe');
      if (isSubscribe) setTimeout(() => far.write(data), this.#subscribeDelayMs);
      else far.write(data);
    });
  }
}

describe.skipIf(!hasRedisServer)('with a Redis that is hard to reach', () => {
  const running: { readonly close: () => unknown }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.close();
  });

  async function openBehind(subscribeDelayMs: number) {
    const redisPort = await freePort();
    const service = (await startRedis(redisPort))!;
    const path = new SlowPath(redisPort, subscribeDelayMs);
    const pathPort = await freePort();
    const there = await open(service.url, 'x:');
    const openHere = async () => {
      const here = await open(`redis://127.0.0.1:${pathPort}`, 'x:', [], 50);
      const told: number[] = [];
      here.onInvalidated((tag) => told.push(tag));
      running.push({ close: here.close }, { close: there.close });
      running.push({ close: () => path.stop() }, { close: () => service.stop() });
      return told;
    };
    return { there, openHere, path, listen: () => path.listen(pathPort) };
  }

  it('drops all once it can be reached for the first time: something may have been invalidated before', async () => {
    const { there, openHere, listen } = await openBehind(0);
    const told = await openHere();
    await there.invalidate(77);
    await listen();
    await vi.waitFor(() => expect(told).toEqual([TAG_ALL]), 10_000);
  });

  it('drops all after each subscription, however long it took', async () => {
    const { there, openHere, path, listen } = await openBehind(200);
    await listen();
    const told = await openHere();
    await there.invalidate(77);
    await vi.waitFor(() => expect(told).toContain(TAG_ALL), 10_000);
    told.length = 0;
    path.cut();
    await there.invalidate(78);
    await vi.waitFor(() => expect(told).toContain(TAG_ALL), 10_000);
  });
});

describe('without its Redis', () => {
  const running: (Service | PredictionCache)[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await ('stop' in one ? one.stop() : one.close());
  });

  it('rejects at once and keeps nothing back', async () => {
    const errors: Error[] = [];
    const cache = await open(`redis://127.0.0.1:${await freePort()}`, 'x:', errors);
    running.push(cache);
    const startedAtMs = performance.now();
    await expect(cache.fetch([1])).rejects.toMatchObject({ name: 'PredictionCacheError', code: 'unavailable' });
    await expect(cache.store([prediction(1)])).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
    expect(errors.length).toBeGreaterThan(0);
  });

  it.skipIf(!hasRedisServer)(
    'comes back by itself, and has all dropped that may have been invalidated meanwhile',
    async () => {
      const port = await freePort();
      const first = (await startRedis(port))!;
      const cache = await open(first.url, 'x:');
      running.push(cache);
      const told: number[] = [];
      cache.onInvalidated((tag) => told.push(tag));
      await cache.store([prediction(1)]);
      await vi.waitFor(async () => {
        await cache.invalidate(5);
        expect(told).toContain(5);
      });
      await first.stop();
      told.length = 0;
      await vi.waitFor(() => expect(cache.fetch([1])).rejects.toMatchObject({ code: 'unavailable' }), 5000);
      running.push((await startRedis(port))!);
      await vi.waitFor(() => expect(told).toEqual([TAG_ALL]), 10_000);
      await vi.waitFor(async () => expect(await cache.fetch([1])).toEqual([null]), 10_000);
    },
  );
});
