import { beforeEach, describe, expect, it } from 'vitest';
import { type CounterStore, CounterStoreError, type CountingBatch } from '../ports/counter-store.ts';
import type { SourcedEvent } from '../ports/event-source.ts';
import { CountingConsumer } from './counting-consumer.ts';
import { encodeEvent } from './read-event.ts';
import { buildOutcome } from './testing/build-events.ts';

const NOW_MS = 1_700_000_005_000;
const KEPT_MS = 3_600_000;

let place: number | null;
let failure: CounterStoreError | null;
let batches: CountingBatch[];
let seen: string[];
let nowMs: number;
let consumer: CountingConsumer;

beforeEach(() => {
  place = null;
  failure = null;
  batches = [];
  seen = [];
  nowMs = NOW_MS;
  const store: Pick<CounterStore, 'claim' | 'count'> = {
    claim: async () => place,
    count: async (batch) => {
      if (failure !== null) throw failure;
      batches.push(batch);
      return { counted: {}, repeated: 0, outside: 0, overflowed: 0 };
    },
  };
  consumer = new CountingConsumer({
    store: store as CounterStore,
    keptMs: KEPT_MS,
    billableForMs: () => 60_000,
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    observer: {
      onCounted: () => seen.push('counted'),
      onUnreadable: () => seen.push('unreadable'),
      onRebuilding: (partition) => seen.push(`rebuilding ${partition}`),
      onFenced: () => seen.push('fenced'),
      onFailure: () => seen.push('failure'),
    },
  });
});

function stored(offset: number, type: 'impression' | 'refund', payload?: Uint8Array): SourcedEvent {
  const event = buildOutcome(type, { auctionId: `a${offset}`, atMs: NOW_MS - 1000 + offset });
  return { offset, id: `0:${offset}`, key: null, type, payload: payload ?? encodeEvent(event) };
}

describe('a consumer that counts', () => {
  it('goes on where the store is, and without a place by what of the log its windows need', async () => {
    place = 12;
    expect(await consumer.positionOf(3)).toBe(12);
    expect(seen).toEqual([]);
    place = null;
    expect(await consumer.positionOf(3)).toEqual({ sinceMs: NOW_MS - KEPT_MS });
    expect(seen).toEqual(['rebuilding 3']);
  });

  it('moves the place behind what it does not count, too, and passes over what nobody can read', async () => {
    const events = [stored(4, 'impression'), stored(5, 'impression', Buffer.from('{"no":')), stored(9, 'refund')];
    await consumer.handle({ partition: 1, events });
    expect(batches).toMatchObject([{ partition: 1, toOffset: 10, events: [{ offset: 4, type: 'impression' }] }]);
    expect(seen).toEqual(['unreadable', 'counted']);
  });

  it('says of a lost place that it is lost, and tries others again', async () => {
    const batch = { partition: 0, events: [stored(1, 'impression')] };
    failure = new CounterStoreError('lost', 'gone');
    await expect(consumer.handle(batch)).rejects.toMatchObject({ name: 'PlaceLostError' });
    failure = new CounterStoreError('fenced', 'another');
    await expect(consumer.handle(batch)).rejects.toMatchObject({ code: 'fenced' });
    expect(seen).toEqual(['fenced']);
    failure = new CounterStoreError('unavailable', 'away');
    await expect(consumer.handle(batch)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('lags by what waits, from when it happened', async () => {
    expect(consumer.lagMs()).toBe(0);
    failure = new CounterStoreError('unavailable', 'away');
    const batch = { partition: 0, events: [stored(1, 'impression')] };
    await expect(consumer.handle(batch)).rejects.toThrow();
    nowMs += 5000;
    await expect(consumer.handle(batch)).rejects.toThrow();
    expect(consumer.lagMs()).toBe(5999);
    failure = null;
    await consumer.handle(batch);
    expect(consumer.lagMs()).toBe(0);
  });
});
