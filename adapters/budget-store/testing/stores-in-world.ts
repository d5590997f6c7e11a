/** Both budget stores as the world of leases wants them: flushed, and set back to what a replica has. */
import { Redis } from 'ioredis';
import type { OpenStore } from '../../../engine/budget/testing/world-options.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from '../budget-store.embedded.ts';
import { openRedisBudgetStore } from '../budget-store.redis.ts';

export const openEmbedded: OpenStore = async (clock) => {
  const memory = new BudgetMemory(1000);
  const become = (other: BudgetMemory): void => {
    memory.accounts.load(other.accounts.dump());
    memory.answers.load(other.answers.dump());
  };
  return {
    connect: () => createEmbeddedBudgetStore({ clock, memory }),
    flush: async () => become(new BudgetMemory(1000)),
    snapshot: async () => {
      const copy = memory.copy();
      return async () => become(copy.copy());
    },
    close: async () => {},
  };
};

let prefixes = 0;

export const openRedis =
  (url: string): OpenStore =>
  async () => {
    const keyPrefix = `gavel-leases-${process.pid}-${Date.now()}-${prefixes++}:`;
    const options = { url, keyPrefix, commandTimeoutMs: 20_000 };
    const store = await openRedisBudgetStore({
      ...options,
      onError: (error) => {
        throw error;
      },
    });
    const admin = new Redis(url);
    const flush = async (): Promise<void> => {
      const keys = await admin.keys(`${keyPrefix}*`);
      if (keys.length > 0) await admin.del(keys);
    };
    return {
      connect: () => store,
      flush,
      snapshot: async () => {
        const keys = await admin.keys(`${keyPrefix}*`);
        const dumps = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
        return async () => {
          await flush();
          await Promise.all(keys.map((key, index) => admin.restore(key, 600_000, dumps[index]!)));
        };
      },
      close: async () => {
        await flush();
        await store.close();
        admin.disconnect();
      },
    };
  };
