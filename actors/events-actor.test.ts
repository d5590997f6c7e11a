import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { type AuctionEvent, decodeEvent, encodeEvent } from '../engine/exchange/auction-event.ts';
import { type EventLog, EventLogError } from '../engine/ports/event-log.ts';
import { type EventsMessage, handleEvents, openEvents, spawnEventsActor, takeBatch } from './events-actor.ts';
import { spawnParent } from './mailbox.ts';
import { stopOnFault } from './supervision.ts';

const clock = { wallMs: () => 0, monotonicMs: () => 0 };
const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const event = (auctionId: string) =>
  ({ auctionId, input: null, outcome: null, dsps: [] as const }) as unknown as AuctionEvent;
const record = (auctionId: string): EventsMessage => ({ kind: 'record', event: event(auctionId) });
const EVENT_BYTES = encodeEvent(event('1')).length;

const idsOf = (batch: readonly Uint8Array[]) => batch.map((bytes) => decodeEvent(bytes).auctionId);

/** A log that acknowledges when the test says so. */
class FakeLog implements EventLog {
  readonly batches: string[][] = [];
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null = null;
  readonly append = (records: readonly Uint8Array[]) => {
    if (this.#settle !== null) throw new Error('one append at a time');
    this.batches.push(idsOf(records));
    return new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  };
  readonly close = async () => {};
  async acknowledge() {
    const settle = this.#settle!;
    this.#settle = null;
    settle.resolve();
    await settled();
  }
  async fail(error: unknown) {
    const settle = this.#settle!;
    this.#settle = null;
    settle.reject(error);
    await settled();
  }
}

function start(pendingBytesMax = 1000) {
  const system = nact.start();
  systems.push(system);
  const log = new FakeLog();
  const dropped: [number, string][] = [];
  const errors: unknown[] = [];
  const faults: unknown[] = [];
  const seen = { acknowledged: 0, flushed: 0 };
  const events = spawnEventsActor(spawnParent(system, 'residents'), {
    log,
    clock,
    supervisor: stopOnFault(({ error }) => faults.push(error)),
    pendingBytesMax,
    observer: {
      onAcknowledged: (count) => {
        seen.acknowledged += count;
      },
      onDropped: (count, reason) => dropped.push([count, reason]),
      onAppendError: (error) => errors.push(error),
    },
  });
  const flush = () =>
    events.tell({
      kind: 'flush',
      onFlushed: () => {
        seen.flushed += 1;
      },
    });
  return { events, log, dropped, errors, faults, seen, flush };
}

describe('handling', () => {
  test('refuses events once the bound is reached, until the batch is taken', () => {
    const state = openEvents();
    expect(handleEvents(state, record('1'), EVENT_BYTES)).toBe(0);
    expect(handleEvents(state, record('2'), EVENT_BYTES)).toBe(1);
    expect(state).toMatchObject({ pendingBytes: EVENT_BYTES });
    expect(idsOf(takeBatch(state)!)).toEqual(['1']);
    expect(state).toMatchObject({ pendingBytes: 0, isAppending: true });
    expect(handleEvents(state, record('3'), EVENT_BYTES)).toBe(0);
  });

  test('no batch is taken while one is being written, nor an empty one', () => {
    const state = openEvents();
    expect(takeBatch(state)).toBeNull();
    handleEvents(state, record('1'), 1000);
    takeBatch(state);
    handleEvents(state, record('2'), 1000);
    expect(takeBatch(state)).toBeNull();
    handleEvents(state, { kind: 'appended', count: 1 }, 1000);
    expect(idsOf(takeBatch(state)!)).toEqual(['2']);
  });
});

test('what comes while a batch is written is the next batch, in order', async () => {
  const { events, log, seen, faults } = start();
  events.tell(record('1'));
  await settled();
  for (const id of ['2', '3', '4']) events.tell(record(id));
  await settled();
  expect(log.batches).toEqual([['1']]);
  expect(seen.acknowledged).toBe(0);
  await log.acknowledge();
  expect(log.batches).toEqual([['1'], ['2', '3', '4']]);
  expect(seen.acknowledged).toBe(1);
  await log.acknowledge();
  expect(seen.acknowledged).toBe(4);
  expect(faults).toEqual([]);
});

test('events beyond the bound are refused and counted, later ones are taken again', async () => {
  const { events, log, dropped } = start(2 * EVENT_BYTES);
  for (const id of ['1', '2', '3', '4', '5']) events.tell(record(id));
  await settled();
  expect(dropped).toEqual([
    [1, 'queue-full'],
    [1, 'queue-full'],
  ]);
  await log.acknowledge();
  events.tell(record('6'));
  await log.acknowledge();
  expect(log.batches).toEqual([['1'], ['2', '3'], ['6']]);
});

test('a batch that could not be written is counted and reported; the next one is tried', async () => {
  const { events, log, dropped, errors, seen } = start();
  for (const id of ['1', '2', '3']) events.tell(record(id));
  await settled();
  await log.acknowledge();
  const error = new EventLogError('io', 'disk on fire');
  await log.fail(error);
  expect(dropped).toEqual([[2, 'append-failed']]);
  expect(errors).toEqual([error]);
  events.tell(record('4'));
  await settled();
  await log.acknowledge();
  expect(log.batches).toEqual([['1'], ['2', '3'], ['4']]);
  expect(seen.acknowledged).toBe(2);
});

describe('flush', () => {
  test('of nothing calls back at once', async () => {
    const { flush, seen } = start();
    flush();
    await settled();
    expect(seen.flushed).toBe(1);
  });

  test('waits for what was recorded before', async () => {
    const { events, log, flush, seen } = start();
    events.tell(record('1'));
    events.tell(record('2'));
    flush();
    await settled();
    await log.acknowledge();
    expect(seen.flushed).toBe(0);
    await log.acknowledge();
    expect(seen.flushed).toBe(1);
  });

  test('does not wait for what cannot be written', async () => {
    const { events, log, flush, seen } = start();
    events.tell(record('1'));
    flush();
    await settled();
    await log.fail(new EventLogError('full', 'no room'));
    expect(seen.flushed).toBe(1);
  });

  test('calls back once', async () => {
    const { events, log, flush, seen } = start();
    flush();
    await settled();
    events.tell(record('1'));
    await settled();
    await log.acknowledge();
    expect(seen.flushed).toBe(1);
  });
});
