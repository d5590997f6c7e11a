/** The stores over the Redis of a world do what those over a real one do. */
import { describe, expect, it } from 'vitest';
import { budgetStoreContract, grantIn, tranche, wanted } from '../../../adapters/budget-store/budget-store.contract.ts';
import {
  BOUNDS,
  counterStoreContract,
  impression,
  SPRING,
  sumOf,
} from '../../../adapters/counters/counter-store.contract.ts';
import {
  impression as cappedImpression,
  frequencyStoreContract,
} from '../../../adapters/frequency/frequency-store.contract.ts';
import { WINDOW_MS } from '../../../engine/counters/counts.ts';
import type { UserKey } from '../../../engine/ports/frequency-store.ts';
import { directLink, type Link, LinkError } from '../link.ts';
import { createWorldBudgetStore } from './budget-store.redis.ts';
import { createWorldCounterStore } from './counter-store.redis.ts';
import { createWorldFrequencyStore } from './frequency-store.redis.ts';
import { MemoryRedis } from './redis.ts';

const systemClock = { wallMs: () => Date.now() };

budgetStoreContract('the Redis of a world', async () => {
  const redis = new MemoryRedis({ clock: systemClock, counters: BOUNDS });
  const open = () => createWorldBudgetStore({ redis, link: directLink });
  return { stores: [open(), open()], flush: async () => redis.flushAll(), dispose: async () => {} };
});

frequencyStoreContract('the Redis of a world', async () => {
  const redis = new MemoryRedis({ clock: systemClock, counters: BOUNDS });
  const open = () => createWorldFrequencyStore({ redis, link: directLink });
  return { stores: [open(), open()], dispose: async () => {} };
});

counterStoreContract('the Redis of a world', async (bounds) => {
  const redis = new MemoryRedis({ clock: systemClock, counters: bounds });
  const store = createWorldCounterStore({ redis, link: directLink }, 'kafka:events');
  return { store, nowMs: systemClock.wallMs, dispose: async () => {} };
});

const NOW_MS = 1_800_000_000_000;

/** `next`: what becomes of the next calls. */
function faultyLink(): { readonly link: Link; readonly next: ('refused' | 'answer-lost')[] } {
  const next: ('refused' | 'answer-lost')[] = [];
  const link: Link = {
    call: async (work) => {
      const fault = next.shift();
      if (fault === 'refused') throw new LinkError('unreachable', 'no way there');
      const result = work();
      if (fault === 'answer-lost') throw new LinkError('late', 'no answer');
      return result;
    },
  };
  return { link, next };
}

function world() {
  const clock = { nowMs: NOW_MS, wallMs: () => clock.nowMs };
  const redis = new MemoryRedis({ clock, counters: BOUNDS });
  return { clock, redis, ...faultyLink() };
}

describe('budgets', () => {
  it('a grant whose answer was lost is given again, and taken once', async () => {
    const { redis, link, next } = world();
    const store = createWorldBudgetStore({ redis, link });
    await store.install(tranche());
    next.push('answer-lost', 'refused');
    await expect(store.grant(wanted('r1'))).rejects.toMatchObject({ name: 'BudgetStoreError', code: 'late' });
    await expect(store.grant(wanted('r1'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.grant(wanted('r1'))).toMatchObject({ grant: { sequence: 1, amount: 100 }, remaining: 900 });
  });

  it('a replica goes on where it was, and what was granted since is not known there', async () => {
    const { redis, link } = world();
    const store = createWorldBudgetStore({ redis, link });
    await store.install(tranche());
    await store.grant(wanted('r1'));
    const failOver = redis.replicate();
    await store.grant(wanted('r2'));
    await store.grant(wanted('r3'));
    failOver();
    expect(await store.grant(wanted('r1'))).toMatchObject({ grant: { sequence: 1 }, remaining: 900 });
    expect(grantIn(await store.grant(wanted('r4')))).toMatchObject({ sequence: 2 });
  });
});

describe('frequencies', () => {
  const KIM = 'kim' as UserKey;

  it('an impression whose answer was lost counts once', async () => {
    const { redis, link, next } = world();
    const store = createWorldFrequencyStore({ redis, link });
    next.push('answer-lost');
    const taken = cappedImpression('1', [{ count: 1 }]);
    await expect(store.take(KIM, taken)).rejects.toMatchObject({ name: 'FrequencyStoreError', code: 'unavailable' });
    expect(await store.take(KIM, taken)).toEqual({ kind: 'taken' });
    expect((await store.fetch(KIM)).get('c:spring')!.count).toBe(1);
  });

  it('a replica does not change with what is done elsewhere', async () => {
    const { redis, link } = world();
    const store = createWorldFrequencyStore({ redis, link });
    await store.take(KIM, cappedImpression('1'));
    const failOver = redis.replicate();
    await store.take(KIM, cappedImpression('2'));
    failOver();
    expect((await store.fetch(KIM)).get('c:spring')!.count).toBe(1);
  });
});

describe('counters', () => {
  const period = { fromMs: NOW_MS - 600_000, toMs: NOW_MS + WINDOW_MS };
  const batch = (from: number, to: number) => ({
    partition: 0,
    events: Array.from({ length: to - from }, (_, index) => impression(from + index, NOW_MS - WINDOW_MS)),
    toOffset: to,
  });

  it('a call whose answer was lost counts once', async () => {
    const { redis, link, next } = world();
    const store = createWorldCounterStore({ redis, link }, 'a');
    await store.claim(0);
    next.push('answer-lost');
    await expect(store.count(batch(1, 10))).rejects.toMatchObject({ code: 'unavailable' });
    next.push('refused');
    await expect(store.count(batch(1, 10))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.count(batch(1, 12))).toMatchObject({ counted: { impression: 2 }, repeated: 0 });
    expect(sumOf(await store.read(SPRING, period)).impression).toBe(11);
  });

  it('a zombie counts nothing any more', async () => {
    const { redis, link } = world();
    const zombie = createWorldCounterStore({ redis, link }, 'a');
    const successor = createWorldCounterStore({ redis, link }, 'a');
    await zombie.claim(0);
    await zombie.count(batch(1, 10));
    expect(await successor.claim(0)).toBe(10);
    await expect(zombie.count(batch(10, 20))).rejects.toMatchObject({ code: 'fenced' });
    await successor.count(batch(10, 15));
    await expect(zombie.count(batch(10, 20))).rejects.toMatchObject({ code: 'fenced' });
    expect(sumOf(await successor.read(SPRING, period)).impression).toBe(14);
  });

  it('says that its place is lost, of an empty Redis and of an older copy', async () => {
    const { redis, link } = world();
    const store = createWorldCounterStore({ redis, link }, 'a');
    await store.claim(0);
    await store.count(batch(1, 10));
    const failOver = redis.replicate();
    await store.count(batch(10, 30));
    failOver();
    await expect(store.count(batch(30, 40))).rejects.toMatchObject({ code: 'lost' });
    expect(await store.claim(0)).toBe(10);
    await store.count(batch(10, 40));
    expect(sumOf(await store.read(SPRING, period)).impression).toBe(39);
    redis.flushAll();
    await expect(store.count(batch(40, 41))).rejects.toMatchObject({ code: 'lost' });
    expect(await store.claim(0)).toBeNull();
  });

  it('two topics with the same partition are two', async () => {
    const { redis, link } = world();
    const one = createWorldCounterStore({ redis, link }, 'a');
    await one.claim(0);
    await one.count(batch(1, 10));
    expect(await createWorldCounterStore({ redis, link }, 'b').claim(0)).toBeNull();
  });
});
