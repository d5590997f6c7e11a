import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { BudgetStore } from '../../engine/ports/budget-store.ts';
import { freePort, hasRedisServer, type Service, startRedis } from '../../test/support/services.ts';
import { budgetStoreContract, tranche, wanted } from './budget-store.contract.ts';
import { openRedisBudgetStore } from './budget-store.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

let prefixes = 0;
const nextPrefix = () => `gavel-test-${process.pid}-${Date.now()}-${prefixes++}:`;

const open = (url: string, keyPrefix: string, errors: Error[] = [], commandTimeoutMs = 5000): Promise<BudgetStore> =>
  openRedisBudgetStore({ url, keyPrefix, commandTimeoutMs, onError: (error) => errors.push(error) });

async function deleteKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  const keys = await client.keys(`${prefix}*`);
  if (keys.length > 0) await client.del(keys);
  client.disconnect();
}

describe.skipIf(redis === null)('with a Redis', () => {
  budgetStoreContract('the Redis store', async () => {
    const prefix = nextPrefix();
    const stores = [await open(redis!.url, prefix), await open(redis!.url, prefix)] as const;
    return {
      stores,
      flush: () => deleteKeys(redis!.url, prefix),
      dispose: async () => {
        for (const store of stores) await store.close();
      },
    };
  });

  it('keeps all keys of an account in one slot, and none for ever', async () => {
    const prefix = nextPrefix();
    const store = await open(redis!.url, prefix);
    await store.install(tranche());
    await store.grant(wanted('r1'));
    await store.fence('campaign-1', 1);
    const client = new Redis(redis!.url);
    const keys = await client.keys(`${prefix}*`);
    expect(keys.sort()).toEqual(
      ['answer:r1', 'demands', 'tranche'].map((name) => `${prefix}{campaign-1}:${name}`).sort(),
    );
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0);
    client.disconnect();
    await store.close();
  });

  it('what somebody else put in the place of its keys is lost, and heals with the next tranche', async () => {
    const prefix = nextPrefix();
    const store = await open(redis!.url, prefix);
    await store.install(tranche());
    const client = new Redis(redis!.url);
    const names = ['tranche', 'demands', 'answer:r1'];
    const spoil = async (): Promise<void> => {
      for (const name of names)
        await client.pipeline().del(`${prefix}{campaign-1}:${name}`).lpush(`${prefix}{campaign-1}:${name}`, 'x').exec();
    };
    await spoil();
    expect(await store.grant(wanted('r1'))).toMatchObject({ kind: 'no-tranche', epoch: 0 });
    await spoil();
    expect(await store.shares('campaign-1')).toEqual(new Map());
    await store.install(tranche({ epoch: 2 }));
    expect(await store.grant(wanted('r1'))).toMatchObject({ grant: { epoch: 2, sequence: 1 } });
    await spoil();
    await store.fence('campaign-1', 2);
    expect(await store.grant(wanted('r2'))).toMatchObject({ kind: 'no-tranche', epoch: 2 });
    client.disconnect();
    await store.close();
  });

  it('connections cut after the script ran: the same requests get the same leases, each granted once', async () => {
    const cutter = await startReplyCutter(new URL(redis!.url));
    const prefix = nextPrefix();
    const store = await open(`redis://127.0.0.1:${cutter.port}`, prefix);
    const accountIds = Array.from({ length: 250 }, (_, index) => `campaign-${index}`);
    const ask = (accountId: string, round: number) => store.grant(wanted(`${accountId}-${round}`, { accountId }));
    for (const accountId of accountIds) await store.install(tranche({ accountId, amount: 1_000_000 }));
    let lost = 0;
    for (let round = 1; round <= CUTS; round++) {
      cutter.cutNextReply();
      const cut = await Promise.allSettled(accountIds.map((accountId) => ask(accountId, round)));
      lost += cut.filter(({ status }) => status === 'rejected').length;
      await vi.waitFor(() => store.shares('campaign-0'), { timeout: 5000, interval: 5 });
      for (const result of await Promise.all(accountIds.map((accountId) => ask(accountId, round)))) {
        expect(result).toMatchObject({ grant: { sequence: round }, remaining: 1_000_000 - round * 100 });
      }
    }
    expect(lost).toBe(CUTS * accountIds.length);
    await store.close();
    await cutter.close();
  }, 60_000);
});

/** By 250 requests under way each: 10,000 lost answers. */
const CUTS = 40;

/** Passes everything on, until a reply is to be cut: it and its connection are gone, and Redis has done as it was told. */
async function startReplyCutter({ hostname, port }: URL) {
  let isCutting = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(Number(port), hostname);
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => [client, target].map((each) => each.destroy()));
    }
    client.pipe(target);
    target.on('data', (reply: Buffer) => {
      if (!isCutting) {
        client.write(reply);
        return;
      }
      isCutting = false;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutNextReply: () => {
      isCutting = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('without its Redis', () => {
  const running: (Service | BudgetStore)[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await ('stop' in one ? one.stop() : one.close());
  });

  it('rejects at once and keeps nothing back', async () => {
    const errors: Error[] = [];
    const store = await open(`redis://127.0.0.1:${await freePort()}`, 'x:', errors);
    running.push(store);
    const startedAtMs = performance.now();
    await expect(store.grant(wanted('r1'))).rejects.toMatchObject({ name: 'BudgetStoreError', code: 'unavailable' });
    await expect(store.install(tranche())).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
    expect(errors.length).toBeGreaterThan(0);
  });

  it.skipIf(!hasRedisServer)('comes back by itself, and says that it is slow', async () => {
    const port = await freePort();
    const first = (await startRedis(port))!;
    const store = await open(first.url, 'x:', [], 100);
    running.push(store);
    await store.install(tranche());
    const admin = new Redis(first.url);
    await admin.call('CLIENT', 'PAUSE', '400', 'ALL');
    await expect(store.grant(wanted('r1'))).rejects.toMatchObject({ code: 'late' });
    await vi.waitFor(async () => expect(await store.grant(wanted('r1'))).toMatchObject({ kind: 'granted' }), 5000);
    admin.disconnect();
    await first.stop();
    await vi.waitFor(() => expect(store.grant(wanted('r2'))).rejects.toMatchObject({ code: 'unavailable' }), 5000);
    running.push((await startRedis(port))!);
    await vi.waitFor(
      async () => expect(await store.grant(wanted('r3'))).toMatchObject({ kind: 'no-tranche', epoch: 0 }),
      10_000,
    );
  });

  it.skipIf(!hasRedisServer)('refuses a Redis that may evict keys, at the start and later', async () => {
    const port = await freePort();
    const service = (await startRedis(port))!;
    running.push(service);
    const admin = new Redis(service.url);
    const store = await open(service.url, 'x:');
    running.push(store);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(open(service.url, 'x:')).rejects.toMatchObject({ name: 'BudgetStoreError', code: 'evicting' });
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await vi.waitFor(() => expect(store.grant(wanted('r1'))).rejects.toMatchObject({ code: 'evicting' }), 5000);
    admin.disconnect();
  });
});
