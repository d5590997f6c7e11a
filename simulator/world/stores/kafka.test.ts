/** Sender and source over the Kafka of a world do what those over a real one do. */
import { describe, expect, it } from 'vitest';
import { systemClock, systemTimers } from '../../../adapters/clock.ts';
import { eventSourceContract, payloadOf } from '../../../adapters/event-log/event-source.contract.ts';
import { VirtualTime } from '../../../engine/budget/testing/virtual-time.ts';
import type { Timers } from '../../../engine/ports/clock.ts';
import type { OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import { type Consumption, type EventBatch, PlaceLostError } from '../../../engine/ports/event-source.ts';
import { directLink, type Link, LinkError } from '../link.ts';
import { ConsumerGroup, REBALANCE_TIMEOUT_MS, SESSION_TIMEOUT_MS } from './consumer-group.ts';
import { createWorldSender } from './event-sender.kafka.ts';
import { createWorldSource } from './event-source.kafka.ts';
import { MemoryKafka } from './kafka.ts';

const TOPIC = 'events';

function outgoing(id: string, key: string | null = id): OutgoingEvent {
  return { id, key, type: 'win', payload: Buffer.from(payloadOf(id)) };
}

eventSourceContract('the Kafka of a world', async () => {
  const kafka = new MemoryKafka({ clock: systemClock, partitions: 1, retentionMs: 3_600_000 });
  const sender = createWorldSender({ kafka, link: directLink, topic: TOPIC });
  let count = 0;
  return {
    append: (...texts) =>
      sender.send(texts.map((text) => ({ ...outgoing(text, 'user'), type: text, id: `log:${count++}` }))),
    open: () =>
      createWorldSource({
        ...{ kafka, link: directLink, topic: TOPIC, groupId: 'billing', retryMs: 5 },
        ...{ clock: systemClock, timers: systemTimers, onProblem: () => {} },
      }),
    dispose: async () => {},
  };
});

interface Reader {
  readonly consumption: Consumption;
  readonly batches: EventBatch[];
  readonly failures: string[];
  /** What becomes of a batch before it is kept. */
  before: (batch: EventBatch) => Promise<void>;
}

/** Events, and time that passes when it is told to. */
class World {
  readonly time = new VirtualTime();
  readonly kafka: MemoryKafka;
  /** Null: the brokers cannot be reached; `answer-lost`: what they were told is done. */
  state: 'well' | 'away' | 'answer-lost' = 'well';
  readonly places = new Map<number, { epoch: number; next: number | null }>();
  readonly gaps: [number, number][] = [];
  readonly stored: string[] = [];
  readonly link: Link = {
    call: async (work) => {
      if (this.state === 'away') throw new LinkError('unreachable', 'no way there');
      const result = work();
      if (this.state === 'answer-lost') throw new LinkError('late', 'no answer');
      return result;
    },
  };

  constructor(partitions: number, retentionMs = 3_600_000) {
    const clock = { wallMs: () => this.time.nowMs, monotonicMs: () => this.time.nowMs };
    this.kafka = new MemoryKafka({ clock, partitions, retentionMs });
  }

  /** A consumer that keeps a fenced place in the books that all share. `timers` of a process that has stopped never fire. */
  async read(timers: Timers = this.time, link = this.link): Promise<Reader> {
    const epochs = new Map<number, number>();
    const reader: Omit<Reader, 'consumption'> = { batches: [], failures: [], before: async () => {} };
    const source = createWorldSource({
      ...{ kafka: this.kafka, link, topic: TOPIC, groupId: 'billing', retryMs: 500 },
      ...{ clock: { monotonicMs: () => this.time.nowMs }, timers },
      onProblem: (_, { fromSequence, toSequence }) => this.gaps.push([fromSequence, toSequence]),
    });
    const consumption = await source.consume({
      positionOf: async (partition) => {
        const place = this.places.get(partition) ?? { epoch: 0, next: null };
        epochs.set(partition, place.epoch + 1);
        this.places.set(partition, { ...place, epoch: place.epoch + 1 });
        return place.next;
      },
      handle: async (batch) => {
        await reader.before(batch);
        const { partition, events } = batch;
        if (this.places.get(partition)!.epoch !== epochs.get(partition)) throw new PlaceLostError('taken over');
        reader.batches.push(batch);
        this.stored.push(...events.map(({ id }) => id));
        this.places.set(partition, { epoch: epochs.get(partition)!, next: events.at(-1)!.offset + 1 });
      },
      onFailure: (error) => reader.failures.push((error as Error).message),
    });
    return Object.assign(reader, { consumption });
  }

  send(...ids: string[]): Promise<void> {
    return createWorldSender({ kafka: this.kafka, link: this.link, topic: TOPIC }).send(ids.map((id) => outgoing(id)));
  }

  async pass(ms: number): Promise<void> {
    // What has begun comes to where it waits for time.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await this.time.run(this.time.nowMs + ms, () => {});
  }
}

/** A process whose timers and calls end when it is killed. */
function mortal(world: World) {
  const life = { isOver: false };
  const never = new Promise<never>(() => {});
  const timers: Timers = {
    schedule: (delayMs, fire) => world.time.schedule(delayMs, () => life.isOver || fire()),
    cancel: world.time.cancel,
  };
  const link: Link = { call: (work) => (life.isOver ? never : world.link.call(work)) };
  return { life, timers, link };
}

const ids = (count: number, prefix = 'e') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const partitionsOf = ({ batches }: Reader) => new Set(batches.map(({ partition }) => partition));
const SETTLED_MS = 2000;

it('members share the partitions, and each event is handled once', async () => {
  const world = new World(4);
  const readers = [await world.read(), await world.read()];
  await world.pass(SETTLED_MS);
  await world.send(...ids(200));
  await world.pass(SETTLED_MS);
  expect(readers.map((reader) => partitionsOf(reader).size)).toEqual([2, 2]);
  expect(world.stored.toSorted()).toEqual(ids(200).toSorted());
  expect(readers.map(({ failures }) => failures)).toEqual([[], []]);
});

it('keeps the events of a key in one partition, in order', async () => {
  const world = new World(4);
  const sender = createWorldSender({ kafka: world.kafka, link: world.link, topic: TOPIC });
  await sender.send(ids(40).map((id, index) => outgoing(id, `user-${index % 5}`)));
  const reader = await world.read();
  await world.pass(SETTLED_MS);
  for (let user = 0; user < 5; user++) {
    const seen = reader.batches.flatMap(({ partition, events }) =>
      events.filter(({ key }) => key === `user-${user}`).map(({ id }) => ({ id, partition })),
    );
    expect(seen.map(({ id }) => id)).toEqual(ids(40).filter((_, index) => index % 5 === user));
    expect(new Set(seen.map(({ partition }) => partition)).size).toBe(1);
  }
  expect(partitionsOf(reader).size).toBeGreaterThan(1);
});

it('what was taken while the answer was lost stands there twice, with one id', async () => {
  const world = new World(1);
  world.state = 'answer-lost';
  await expect(world.send('a')).rejects.toMatchObject({ name: 'EventSendError', code: 'unavailable' });
  world.state = 'away';
  await expect(world.send('a')).rejects.toMatchObject({ code: 'unavailable' });
  world.state = 'well';
  await world.send('a');
  await world.read();
  await world.pass(SETTLED_MS);
  expect(world.stored).toEqual(['a', 'a']);
});

it('a source cannot be had while the brokers are away, and outlives their absence later', async () => {
  const world = new World(2);
  world.state = 'away';
  await expect(world.read()).rejects.toThrow('no way there');
  world.state = 'well';
  const reader = await world.read();
  await world.pass(SETTLED_MS);
  world.state = 'away';
  await world.pass(60_000);
  world.state = 'well';
  await world.send(...ids(20));
  await world.pass(SETTLED_MS);
  expect(world.stored.toSorted()).toEqual(ids(20).toSorted());
  expect(reader.failures.length).toBeGreaterThan(10);
});

it('partitions of a killed process go to others behind the session timeout', async () => {
  const world = new World(2);
  const { life, timers, link } = mortal(world);
  const killed = await world.read(timers, link);
  const survivor = await world.read();
  await world.pass(SETTLED_MS);
  life.isOver = true;
  await world.send(...ids(50));
  await world.pass(SESSION_TIMEOUT_MS - SETTLED_MS);
  expect(partitionsOf(survivor).size).toBe(1);
  await world.pass(2 * SETTLED_MS);
  expect(killed.batches).toEqual([]);
  expect(world.stored.toSorted()).toEqual(ids(50).toSorted());
});

it('a member that leaves hands its partitions over at once', async () => {
  const world = new World(2);
  const leaving = await world.read();
  await world.read();
  await world.pass(SETTLED_MS);
  const closing = leaving.consumption.close();
  await world.pass(SETTLED_MS);
  await closing;
  await world.send(...ids(50));
  await world.pass(SETTLED_MS);
  expect([leaving.batches, world.stored.length]).toEqual([[], 50]);
});

it('a zombie whose session was over is fenced by the books, and joins again', async () => {
  const world = new World(1);
  const zombie = await world.read();
  await world.pass(SETTLED_MS);
  let wakeUp = (): void => {};
  zombie.before = () => new Promise((resolve) => (wakeUp = resolve));
  await world.send('a', 'b');
  await world.pass(SETTLED_MS);
  const successor = await world.read();
  await world.pass(REBALANCE_TIMEOUT_MS + SESSION_TIMEOUT_MS);
  expect(world.stored).toEqual(['a', 'b']);
  expect(successor.batches).toHaveLength(1);
  zombie.before = async () => {};
  wakeUp();
  await world.pass(SETTLED_MS);
  expect(zombie.failures).toEqual(['taken over']);
  await world.send('c');
  await world.pass(2 * SETTLED_MS);
  expect(world.stored).toEqual(['a', 'b', 'c']);
});

it('nothing is read by two while a group is dealt: who handles something finishes first', async () => {
  const world = new World(1);
  const busy = await world.read();
  await world.pass(SETTLED_MS);
  let finish = (): void => {};
  busy.before = () => new Promise((resolve) => (finish = resolve));
  await world.send('a');
  await world.pass(SETTLED_MS);
  const other = await world.read();
  await world.pass(SESSION_TIMEOUT_MS / 2);
  expect(other.batches).toEqual([]);
  busy.before = async () => {};
  finish();
  await world.pass(SETTLED_MS);
  expect([world.stored, busy.failures, other.failures]).toEqual([['a'], [], []]);
});

it('lets go of what is over, and says what a reader has missed', async () => {
  const world = new World(1, 60_000);
  await world.send(...ids(10));
  const reader = await world.read();
  await world.pass(SETTLED_MS);
  await reader.consumption.close();
  await world.send(...ids(2500, 'f'));
  await world.pass(60_000);
  await world.send('last');
  await world.read();
  await world.pass(SETTLED_MS);
  expect(world.gaps).toHaveLength(1);
  const [[from, to]] = world.gaps as [[number, number]];
  expect(from).toBe(10);
  expect(world.stored.length + (to - from + 1)).toBe(2511);
  expect((await reader.consumption.ends())[0]).toMatchObject({ partition: 0, end: 2511, isEmpty: false });
});

describe('a group', () => {
  it('deals when all have joined, and tells those who do not know yet', () => {
    const group = new ConsumerGroup(3);
    expect(group.join('a', 0)).toEqual({ generation: 1, partitions: [0, 1, 2] });
    expect(group.join('b', 1000)).toBeNull();
    expect(group.heartbeat('a', 1, 2000)).toBe(false);
    expect(group.join('a', 3000)).toEqual({ generation: 2, partitions: [0, 2] });
    expect(group.join('b', 3000)).toEqual({ generation: 2, partitions: [1] });
    expect(group.heartbeat('a', 2, 4000)).toBe(true);
    expect(group.heartbeat('a', 1, 4000)).toBe(false);
  });

  it('goes on without whoever does not join again in time, though it is heard of', () => {
    const group = new ConsumerGroup(2);
    group.join('busy', 0);
    expect(group.join('new', 0)).toBeNull();
    for (let nowMs = 5000; nowMs < REBALANCE_TIMEOUT_MS; nowMs += 5000) {
      expect(group.heartbeat('busy', 1, nowMs)).toBe(false);
      expect(group.join('new', nowMs)).toBeNull();
    }
    expect(group.join('new', REBALANCE_TIMEOUT_MS)).toEqual({ generation: 2, partitions: [0, 1] });
    expect(group.heartbeat('busy', 1, REBALANCE_TIMEOUT_MS)).toBe(false);
  });
});
