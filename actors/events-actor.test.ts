import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeEvent, type GavelEvent, readEvent } from '../engine/events/read-event.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { buildAuctionEvent } from '../engine/exchange/testing/build-auction-event.ts';
import { type EventLog, EventLogError } from '../engine/ports/event-log.ts';
import { type EventsObserver, spawnEventsActor } from './events-actor.ts';
import { spawnParent } from './mailbox.ts';
import { restartWithin, type Supervisor, stopOnFault } from './supervision.ts';

const clock = { wallMs: () => 0, monotonicMs: () => 0 };
const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const event = (auctionId: string) => buildAuctionEvent({ auctionId });
const EVENT_BYTES = encodeEvent(event('1')).length;

const idsOf = (batch: readonly Uint8Array[]) => batch.map((bytes) => (readEvent(bytes) as AuctionEvent).auctionId);

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

interface Overrides {
  readonly pendingBytesMax?: number;
  readonly eventBytesMax?: number;
  readonly observer?: Partial<EventsObserver>;
  readonly supervise?: (onFault: (fault: { readonly error: unknown }) => void) => Supervisor;
}

function start({ observer, supervise = stopOnFault, ...limits }: Overrides = {}) {
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
    supervisor: supervise(({ error }) => faults.push(error)),
    pendingBytesMax: 1000,
    eventBytesMax: 1000,
    ...limits,
    observer: {
      onAcknowledged: (count) => {
        seen.acknowledged += count;
      },
      onDropped: (count, reason) => dropped.push([count, reason]),
      onError: (error) => errors.push(error),
      ...observer,
    },
  });
  const flush = () =>
    void events.flush().then(() => {
      seen.flushed += 1;
    });
  return { events, log, dropped, errors, faults, seen, flush };
}

test('what comes while a batch is written is the next batch, in order', async () => {
  const { events, log, seen, faults } = start();
  events.record(event('1'));
  await settled();
  for (const id of ['2', '3', '4']) events.record(event(id));
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
  const { events, log, dropped } = start({ pendingBytesMax: 2 * EVENT_BYTES });
  for (const id of ['1', '2', '3', '4', '5']) events.record(event(id));
  await settled();
  expect(dropped).toEqual([
    [1, 'queue-full'],
    [1, 'queue-full'],
  ]);
  await log.acknowledge();
  events.record(event('6'));
  await log.acknowledge();
  expect(log.batches).toEqual([['1'], ['2', '3'], ['6']]);
});

test('a batch that could not be written is counted and reported; the next one is tried', async () => {
  const { events, log, dropped, errors, seen } = start();
  for (const id of ['1', '2', '3']) events.record(event(id));
  await settled();
  await log.acknowledge();
  const error = new EventLogError('io', 'disk on fire');
  await log.fail(error);
  expect(dropped).toEqual([[2, 'append-failed']]);
  expect(errors).toEqual([error]);
  events.record(event('4'));
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
    events.record(event('1'));
    events.record(event('2'));
    flush();
    await settled();
    await log.acknowledge();
    expect(seen.flushed).toBe(0);
    await log.acknowledge();
    expect(seen.flushed).toBe(1);
  });

  test('does not wait for what cannot be written', async () => {
    const { events, log, flush, seen } = start();
    events.record(event('1'));
    flush();
    await settled();
    await log.fail(new EventLogError('full', 'no room'));
    expect(seen.flushed).toBe(1);
  });

  test('calls back once', async () => {
    const { events, log, flush, seen } = start();
    flush();
    await settled();
    events.record(event('1'));
    await settled();
    await log.acknowledge();
    expect(seen.flushed).toBe(1);
  });
});

describe('one event that cannot be stored costs no other', () => {
  test('too large for the log', async () => {
    const { events, log, dropped, seen, flush } = start({ eventBytesMax: EVENT_BYTES });
    for (const id of ['1', 'too-long', '3']) events.record(event(id));
    flush();
    await settled();
    expect(dropped).toEqual([[1, 'too-large']]);
    await log.acknowledge();
    await log.acknowledge();
    expect(log.batches).toEqual([['1'], ['3']]);
    expect(seen).toEqual({ acknowledged: 2, flushed: 1 });
  });

  test('that cannot be encoded', async () => {
    const { events, log, dropped, errors, faults, flush, seen } = start();
    const cyclic = event('cyclic') as unknown as { requestId: unknown };
    cyclic.requestId = cyclic;
    events.record(event('1'));
    events.record(cyclic as unknown as GavelEvent);
    events.record(event('3'));
    flush();
    await settled();
    expect(dropped).toEqual([[1, 'unencodable']]);
    expect(errors).toEqual([expect.any(TypeError)]);
    expect(faults).toEqual([]);
    await log.acknowledge();
    await log.acknowledge();
    expect(log.batches).toEqual([['1'], ['3']]);
    expect(seen.flushed).toBe(1);
  });
});

describe('an event that somebody waits for', () => {
  test('is stored when its batch is acknowledged, and not before', async () => {
    const { events, log } = start();
    const results: boolean[] = [];
    events.record(event('1'));
    void events.store(event('2')).then((isStored) => results.push(isStored));
    await settled();
    await log.acknowledge();
    await settled();
    expect(results).toEqual([]);
    await log.acknowledge();
    await settled();
    expect([results, log.batches]).toEqual([[true], [['1'], ['2']]]);
  });

  test('is not stored when its batch fails, it is too large or the actor is gone', async () => {
    const { events, log } = start({ eventBytesMax: EVENT_BYTES });
    const results: Promise<boolean>[] = [events.store(event('1')), events.store(event('too-long'))];
    await settled();
    await log.fail(new EventLogError('io', 'disk on fire'));
    expect(await Promise.all(results)).toEqual([false, false]);
  });

  test('finds room where others are refused', async () => {
    const { events, log, dropped } = start({ pendingBytesMax: 1 });
    const waiting = [events.store(event('1'))];
    await settled();
    for (const id of ['2', '3']) events.record(event(id));
    waiting.push(events.store(event('4')));
    await settled();
    await log.acknowledge();
    await settled();
    await log.acknowledge();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(dropped).toEqual([[1, 'queue-full']]);
    expect(log.batches).toEqual([['1'], ['2', '4']]);
  });

  test('is told of when the actor has failed too often', async () => {
    const { events } = start({
      observer: {
        onDropped: () => {
          throw new Error('observer');
        },
      },
      eventBytesMax: 1,
    });
    const results = [events.store(event('1')), events.store(event('2')), events.store(event('3'))];
    expect(await Promise.all(results)).toEqual([false, false, false]);
  });
});

test('an error that comes again and again is reported once, until a batch is acknowledged', async () => {
  const { events, log, errors } = start();
  const error = new EventLogError('io', 'disk on fire');
  const store = async (end: () => Promise<void>) => {
    events.record(event('1'));
    await settled();
    await end();
  };
  await store(() => log.fail(error));
  await store(() => log.fail(error));
  expect(errors).toHaveLength(1);
  await store(() => log.acknowledge());
  await store(() => log.fail(error));
  expect(errors).toHaveLength(2);
});

describe('a fault', () => {
  const restarting: Overrides['supervise'] = (onFault) => restartWithin({ restartsMax: 100, windowMs: 1000 }, onFault);
  const fault = new Error('observer');
  const throwing = () => {
    throw fault;
  };

  test('restarts the actor, and the write under way stays the only one', async () => {
    const { events, log, faults } = start({
      pendingBytesMax: EVENT_BYTES,
      supervise: restarting,
      observer: { onDropped: throwing },
    });
    for (const id of ['1', '2', '3', '4']) events.record(event(id));
    await settled();
    expect(faults).toEqual([fault, fault]);
    expect(log.batches).toEqual([['1']]);
    await log.acknowledge();
    expect(log.batches).toEqual([['1'], ['2']]);
  });

  test('while an append is settled forgets no flush', async () => {
    const { events, log, seen, flush, faults } = start({
      supervise: restarting,
      observer: { onAcknowledged: throwing },
    });
    events.record(event('1'));
    events.record(event('2'));
    flush();
    await settled();
    await log.acknowledge();
    expect(log.batches).toEqual([['1'], ['2']]);
    await log.acknowledge();
    expect(faults).toEqual([fault, fault]);
    expect(seen.flushed).toBe(1);
  });

  test('that stops the actor: what it held and what comes later is counted, a flush ends with the write', async () => {
    let isThrown = false;
    const dropped: [number, string][] = [];
    const onDropped: EventsObserver['onDropped'] = (count, reason) => {
      dropped.push([count, reason]);
      if (isThrown) return;
      isThrown = true;
      throw fault;
    };
    const { events, log, seen, flush } = start({ pendingBytesMax: EVENT_BYTES, observer: { onDropped } });
    for (const id of ['1', '2', '3', '4', '5']) events.record(event(id));
    flush();
    await settled();
    expect(dropped).toEqual([
      [1, 'queue-full'],
      [3, 'actor-stopped'],
    ]);
    events.record(event('6'));
    expect(dropped.at(-1)).toEqual([1, 'actor-stopped']);
    expect(seen.flushed).toBe(0);
    await log.acknowledge();
    expect(seen).toEqual({ acknowledged: 1, flushed: 1 });
    flush();
    await settled();
    expect(seen.flushed).toBe(2);
  });

  test('of an observer that always throws neither keeps a flush waiting nor goes unseen', async () => {
    const { events, log, seen, flush, faults } = start({
      pendingBytesMax: EVENT_BYTES,
      observer: { onDropped: throwing, onAcknowledged: throwing },
    });
    for (const id of ['1', '2', '3']) events.record(event(id));
    flush();
    await settled();
    await log.acknowledge();
    expect(seen.flushed).toBe(1);
    expect(faults).toEqual([fault, fault, fault]);
  });
});

test('the outcome of a write gets through however full the mailbox is', async () => {
  const { events, log, seen, dropped } = start();
  events.record(event('1'));
  await settled();
  const MAILBOX_LENGTH_MAX = 50_000;
  for (let i = 0; i < MAILBOX_LENGTH_MAX + 1; i += 1) events.record(event('2'));
  expect(dropped).toEqual([[1, 'queue-full']]);
  await log.acknowledge();
  expect(seen.acknowledged).toBe(1);
  expect(log.batches).toHaveLength(2);
});
