import { beforeEach, expect, it } from 'vitest';
import { VirtualTime } from '../budget/testing/virtual-time.ts';
import type { ArchivedEvent, EventArchive } from '../ports/event-archive.ts';
import type { SourcedEvent } from '../ports/event-source.ts';
import { ArchiveConsumer } from './archive-consumer.ts';

const LIMITS = { flushMs: 1000, flushRows: 4, flushBytes: 1000 };

/** Keeps what it is given, unless told to fail. */
class MemoryArchive implements EventArchive {
  readonly written: number[][] = [];
  readonly places = new Map<number, number>();
  /** How often the next calls fail, of each kind. */
  failing = { write: 0, storePlace: 0 };
  /** Set: writes wait for it. */
  gate: Promise<void> | null = null;

  readonly write = async (events: readonly ArchivedEvent[]): Promise<void> => {
    await this.gate;
    if (this.failing.write-- > 0) throw new Error('disk full');
    this.written.push(events.map(({ offset }) => offset));
  };
  readonly placeOf = async (partition: number): Promise<number | null> => this.places.get(partition) ?? null;
  readonly storePlace = async (partition: number, nextOffset: number): Promise<void> => {
    if (this.failing.storePlace-- > 0) throw new Error('disk full');
    this.places.set(partition, nextOffset);
  };
}

let archive: MemoryArchive;
let time: VirtualTime;
let failures: unknown[];
let consumer: ArchiveConsumer;
beforeEach(() => {
  archive = new MemoryArchive();
  time = new VirtualTime();
  failures = [];
  const onFailure = (error: unknown): unknown => failures.push((error as Error).message);
  consumer = new ArchiveConsumer({ archive, limits: LIMITS, timers: time, onFailure });
});

const batch = (offsets: readonly number[], partition = 0, bytes = 1) => ({
  partition,
  events: offsets.map(
    (offset): SourcedEvent => ({ offset, id: `${offset}`, key: null, type: 'win', payload: new Uint8Array(bytes) }),
  ),
});
const pass = (untilMs: number) => time.run(untilMs, () => {});

it('writes what has come within its time, then stores the places behind it', async () => {
  await consumer.handle(batch([1, 2]));
  await consumer.handle(batch([70], 3));
  await pass(999);
  expect(archive.written).toEqual([]);
  await pass(1000);
  expect(archive.written).toEqual([[1, 2, 70]]);
  expect([...archive.places]).toEqual([
    [0, 3],
    [3, 71],
  ]);
});

it('takes no more than it may hold before it has written what it holds', async () => {
  await consumer.handle(batch([1, 2, 3, 4]));
  await consumer.handle(batch([5]));
  expect(archive.written).toEqual([[1, 2, 3, 4]]);
  await consumer.handle(batch([6], 0, 2000));
  await consumer.handle(batch([7]));
  expect(archive.written).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
});

it('keeps what could not be written, in order, and refuses more once it is full', async () => {
  archive.failing.write = 2;
  await consumer.handle(batch([1, 2, 3, 4]));
  await pass(1000);
  expect(failures).toEqual(['disk full']);
  await expect(consumer.handle(batch([5]))).rejects.toThrow('disk full');
  expect(consumer.waitingCount).toBe(4);
  await consumer.handle(batch([5]));
  await consumer.close();
  expect(archive.written).toEqual([[1, 2, 3, 4], [5]]);
});

it('writes again what has no place: twice, and never not at all', async () => {
  archive.failing.storePlace = 1;
  await consumer.handle(batch([1, 2]));
  await pass(1000);
  expect([archive.written, await consumer.positionOf(0, null)]).toEqual([[[1, 2]], null]);
  await consumer.handle(batch([1, 2, 3]));
  await pass(3000);
  expect(archive.written).toEqual([
    [1, 2],
    [1, 2, 3],
  ]);
  expect(await consumer.positionOf(0, null)).toBe(4);
});

it('drops what waits of a partition that it is asked about anew: that comes again', async () => {
  await consumer.handle(batch([1, 2]));
  await consumer.handle(batch([9], 1));
  expect(await consumer.positionOf(0, null)).toBeNull();
  await consumer.close();
  expect(archive.written).toEqual([[9]]);
});

it('says where a partition stands only when the write under way has ended', async () => {
  let open = (): void => {};
  archive.gate = new Promise((resolve) => {
    open = resolve;
  });
  await consumer.handle(batch([1, 2]));
  const flushed = consumer.flush();
  const position = consumer.positionOf(0, null);
  open();
  await flushed;
  expect(await position).toBe(3);
});

it('takes events while others are written, and writes them next', async () => {
  let open = (): void => {};
  archive.gate = new Promise((resolve) => {
    open = resolve;
  });
  await consumer.handle(batch([1]));
  const first = consumer.flush();
  await consumer.handle(batch([2]));
  open();
  await first;
  await consumer.close();
  expect(archive.written).toEqual([[1], [2]]);
});

it('writes what waits when it is closed, and says when it could not', async () => {
  await consumer.handle(batch([1]));
  archive.failing.write = 1;
  await expect(consumer.close()).rejects.toThrow('disk full');
  await pass(10_000);
  expect(archive.written).toEqual([]);
});
