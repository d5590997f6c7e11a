/** What a broker rarely does, by a consumer that stands in for that of kafkajs. */
import type { EachBatchPayload } from 'kafkajs';
import { beforeEach, expect, it, vi } from 'vitest';
import { type EventBatch, PlaceLostError } from '../../../engine/ports/event-source.ts';
import { createKafkaSource } from './event-source.kafka.ts';

type EachBatch = (payload: EachBatchPayload) => Promise<void>;

interface StandIn {
  readonly listeners: Map<string, (event: { readonly payload: { readonly error: Error } }) => void>;
  readonly sought: string[];
  eachBatch: EachBatch | null;
  isConnected: boolean;
}

const consumers: StandIn[] = [];

vi.mock('./kafka-client.ts', () => ({
  createKafkaClient: () => ({
    consumer: () => {
      const standIn: StandIn = { listeners: new Map(), sought: [], eachBatch: null, isConnected: false };
      consumers.push(standIn);
      return {
        events: { GROUP_JOIN: 'join', CRASH: 'crash' },
        on: (name: string, listener: never) => standIn.listeners.set(name, listener),
        connect: async () => {
          standIn.isConnected = true;
        },
        disconnect: async () => {
          standIn.isConnected = false;
        },
        subscribe: async () => {},
        seek: ({ offset }: { offset: string }) => standIn.sought.push(offset),
        run: async ({ eachBatch }: { eachBatch: EachBatch }) => {
          standIn.eachBatch = eachBatch;
        },
      };
    },
  }),
}));

let positions: (number | null)[];
let handled: EventBatch[];
let failures: string[];
let gaps: [number, number][];
let handle: (batch: EventBatch) => Promise<void>;

beforeEach(() => {
  consumers.length = 0;
  positions = [];
  handled = [];
  failures = [];
  gaps = [];
  handle = async (batch) => {
    handled.push(batch);
  };
});

function consume() {
  return createKafkaSource({
    connection: { brokers: [], clientId: '', tls: null, sasl: null, requestTimeoutMs: 1 },
    topic: 'events',
    groupId: 'group',
    concurrency: 1,
    retryMs: 1,
    timers: { schedule: (_, fire) => setImmediate(fire), cancel: (handle) => clearImmediate(handle as never) },
    clock: { monotonicMs: () => 0 },
    onLog: () => {},
    onProblem: (_, { fromSequence, toSequence }) => gaps.push([fromSequence, toSequence]),
  }).consume({
    positionOf: async () => positions.shift() ?? null,
    handle: (batch) => handle(batch),
    onFailure: (error) => failures.push((error as Error).message),
  });
}

/** A fetch of one partition, and what has become of it. */
function fetched(offsets: readonly number[], options: { readonly value?: Buffer; readonly end?: number } = {}) {
  const { value = Buffer.from('{}'), end = offsets.at(-1)! + 1 } = options;
  const resolved: string[] = [];
  const messages = offsets.map((offset) => ({ offset: String(offset), key: null, value, headers: {} }));
  const payload = {
    batch: { partition: 0, messages, highWatermark: String(end) },
    resolveOffset: (offset: string) => resolved.push(offset),
    heartbeat: async () => {},
    isRunning: () => true,
    isStale: () => (consumers.at(-1)?.sought.length ?? 0) > 0,
  };
  return { resolved, payload: payload as unknown as EachBatchPayload };
}

const offsetsOf = ({ events }: EventBatch): number[] => events.map(({ offset }) => offset);

it('handles a large fetch in parts, and is behind each that is handled', async () => {
  await consume();
  const { payload, resolved } = fetched([0, 1, 2, 3, 4], { value: Buffer.alloc(600_000) });
  handle = async (batch) => {
    handled.push(batch);
    if (handled.length === 3) expect(resolved.at(-1)).toBe('3');
  };
  await consumers[0]!.eachBatch!(payload);
  expect(handled.map(offsetsOf)).toEqual([[0, 1], [2, 3], [4]]);
  expect(new Set(resolved)).toEqual(new Set(['1', '3', '4']));
});

it('asks for the position again when somebody else had taken the partition that the group says is its own', async () => {
  positions = [0, 7];
  await consume();
  handle = async () => {
    throw new PlaceLostError('taken over');
  };
  const { payload, resolved } = fetched([0, 1], { end: 100 });
  await consumers[0]!.eachBatch!(payload);
  expect([consumers[0]!.sought, resolved, failures]).toEqual([['7'], [], ['taken over']]);
});

it('lets a partition go that the group has given to somebody else', async () => {
  positions = [0, 7];
  await consume();
  handle = async () => {
    throw new PlaceLostError('taken over');
  };
  const { payload } = fetched([0, 1]);
  const rebalancing = { ...payload, heartbeat: () => Promise.reject(new Error('rebalancing')) };
  await expect(consumers[0]!.eachBatch!(rebalancing)).rejects.toThrow('rebalancing');
  expect([consumers[0]!.sought, positions]).toEqual([[], [7]]);
});

it('waits for a topic that ends before the position, and says so', async () => {
  positions = [50];
  await consume();
  const lost = fetched([0, 1], { end: 2 });
  await consumers[0]!.eachBatch!(lost.payload);
  await consumers[0]!.eachBatch!(lost.payload);
  expect([handled, lost.resolved, consumers[0]!.sought]).toEqual([[], [], []]);
  expect(failures).toEqual(Array(2).fill(expect.stringContaining('ends at 2, and was read up to 50')));
  // Its new leader had not known yet how far it goes.
  await consumers[0]!.eachBatch!(fetched([0, 1], { end: 60 }).payload);
  expect(consumers[0]!.sought).toEqual(['50']);
});

it('reads all of a topic that goes on ending before the position: it was made anew', async () => {
  positions = [50, 0];
  await consume();
  for (let look = 0; look < 10; look++) await consumers[0]!.eachBatch!(fetched([0, 1], { end: 2 }).payload);
  expect([handled, consumers[0]!.sought]).toEqual([[], ['0']]);
  consumers[0]!.sought.length = 0;
  await consumers[0]!.eachBatch!(fetched([0, 1], { end: 60 }).payload);
  expect(handled).toHaveLength(1);
});

it('asks for positions again when the group has dealt anew', async () => {
  positions = [5, 9];
  await consume();
  const join = () => consumers[0]!.listeners.get('join')!({ payload: { error: new Error() } });
  join();
  await consumers[0]!.eachBatch!(fetched([5]).payload);
  join();
  // Another process has had it, up to 9.
  await consumers[0]!.eachBatch!(fetched([5, 6], { end: 20 }).payload);
  expect([handled.map(offsetsOf), consumers[0]!.sought]).toEqual([[[5]], ['9']]);
});

it('begins anew after any end of its consumer, until it is closed', async () => {
  const consumption = await consume();
  const crash = () => consumers.at(-1)!.listeners.get('crash')!({ payload: { error: new Error('not authorised') } });
  crash();
  await vi.waitFor(() => expect(consumers[1]?.eachBatch).toBeInstanceOf(Function));
  expect(failures).toEqual(['not authorised']);
  await consumers[1]!.eachBatch!(fetched([0]).payload);
  expect(handled.map(offsetsOf)).toEqual([[0]]);
  crash();
  await consumption.close();
  await new Promise(setImmediate);
  expect([consumers.length, consumers[1]!.isConnected]).toEqual([2, false]);
});

it('tells once of events that the retention of the topic has removed before they came', async () => {
  positions = [3];
  await consume();
  await consumers[0]!.eachBatch!(fetched([10, 11]).payload);
  await consumers[0]!.eachBatch!(fetched([12]).payload);
  expect([gaps, handled.map(offsetsOf)]).toEqual([[[3, 9]], [[10, 11], [12]]]);
});
