/** The product's event log on the disk of a world. */
import { expect, it } from 'vitest';
import { systemTimers } from '../../../adapters/clock.ts';
import { eventLogContract, records } from '../../../adapters/event-log/event-log.contract.ts';
import { openEventLog } from '../../../adapters/event-log/event-log.embedded.ts';
import { DrainPosition } from '../../../adapters/event-log/outbox/drain-position.ts';
import { readEvents } from '../../../adapters/event-log/reader.ts';
import { SegmentTail } from '../../../adapters/event-log/segment-tail.ts';
import type { Timers } from '../../../engine/ports/clock.ts';
import { seededRandom } from '../../random.ts';
import { MemoryDisk } from './disk.ts';

const FOLDER = '/data/events';
const MIB = 1024 * 1024;

function newDisk(capacityBytes = 64 * MIB, seed = 1): MemoryDisk {
  const random = seededRandom(seed);
  return new MemoryDisk({ id: 'disk-1', capacityBytes, random: () => random.next() });
}

/** Timers of a process that can be killed. */
function newLife() {
  const life = { isOver: false };
  const timers: Timers = {
    schedule: (delayMs, fire) => systemTimers.schedule(delayMs, () => life.isOver || fire()),
    cancel: systemTimers.cancel,
  };
  return { life, timers };
}

function open(disk: MemoryDisk, timers: Timers = systemTimers, segmentBytes = MIB) {
  const { files, lock } = disk.mount(timers);
  return openEventLog({ folder: FOLDER, timers, files, lock, segmentBytes, totalBytesMax: 8 * MIB, syncIntervalMs: 0 });
}

async function textsOf(disk: MemoryDisk): Promise<string[]> {
  const texts: string[] = [];
  for await (const { payload } of readEvents(FOLDER, { files: disk.contents }))
    texts.push(Buffer.from(payload).toString());
  return texts;
}

eventLogContract('the event log on the disk of a world', async () => {
  const disk = newDisk();
  return { open: () => open(disk), readAll: () => textsOf(disk), dispose: async () => {} };
});

it('what was acknowledged outlives a kill, and what was under way is there as a whole or not at all', async () => {
  const kept = new Set<number>();
  for (let seed = 1; seed <= 30; seed++) {
    const disk = newDisk(64 * MIB, seed);
    const { life, timers } = newLife();
    const log = await open(disk, timers);
    await log.append(records('a', 'b'));
    void log.append(records('under way 1', 'under way 2', 'under way 3'));
    // As far as it gets without time.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    life.isOver = true;
    const next = await open(disk);
    await next.append(records('next'));
    const texts = await textsOf(disk);
    const underWay = texts.filter((text) => text.startsWith('under way'));
    expect(texts).toEqual([
      'a',
      'b',
      ...['under way 1', 'under way 2', 'under way 3'].slice(0, underWay.length),
      'next',
    ]);
    kept.add(underWay.length);
    await next.close();
  }
  expect(kept.size).toBeGreaterThan(2);
});

it('says that it is full, and takes more when it has room again', async () => {
  const disk = newDisk();
  const log = await open(disk);
  await log.append(records('a'));
  disk.faults.isFull = true;
  await expect(log.append(records('b'))).rejects.toMatchObject({ name: 'EventLogError', code: 'io' });
  await log.close().catch(() => {});
  disk.faults.isFull = false;
  const next = await open(disk);
  await next.append(records('c'));
  expect(await textsOf(disk)).toEqual(['a', 'c']);
  await next.close();
});

it('has room for so many bytes, and for those again that were removed', async () => {
  const disk = newDisk(8192);
  const { files } = disk.mount(systemTimers);
  await files.makeFolder(FOLDER);
  const file = await files.create(`${FOLDER}/a`);
  expect(await file.write(Buffer.alloc(6000), 0)).toBe(6000);
  expect(await file.write(Buffer.alloc(6000), 6000)).toBe(2192);
  await expect(file.write(Buffer.alloc(1), 8192)).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'write' });
  await file.truncate(8000);
  expect(await file.write(Buffer.alloc(300), 8000)).toBe(192);
  await files.remove(`${FOLDER}/a`);
  expect(await files.list(FOLDER)).toEqual([]);
  expect(await (await files.create(`${FOLDER}/b`)).write(Buffer.alloc(9000), 0)).toBe(8192);
});

it.each(['failsToSync', 'failsToWrite'] as const)('a log whose disk %s is to be opened again', async (fault) => {
  const disk = newDisk();
  const log = await open(disk);
  disk.faults[fault] = true;
  await expect(log.append(records('a'))).rejects.toMatchObject({ code: 'io' });
  await expect(log.append(records('b'))).rejects.toMatchObject({ code: 'io' });
  await log.close().catch(() => {});
  await expect(open(disk)).rejects.toMatchObject({ code: 'io' });
  disk.faults[fault] = false;
  const next = await open(disk);
  await next.append(records('c'));
  expect((await textsOf(disk)).at(-1)).toBe('c');
  await next.close();
});

it('is for one process at a time, whose locks end with its life', async () => {
  const disk = newDisk();
  const { lock } = disk.mount(systemTimers);
  await lock(FOLDER);
  await expect(lock(FOLDER)).rejects.toThrow('in use');
  const release = await disk.mount(systemTimers).lock(FOLDER);
  await release();
  await (await disk.mount(systemTimers).lock(FOLDER))();
});

it('is followed while it is written to, over many segments', async () => {
  const disk = newDisk();
  const log = await open(disk, systemTimers, 200);
  const tail = new SegmentTail({
    folder: FOLDER,
    fromSequence: null,
    onProblem: (problem) => expect.fail(problem.kind),
    files: disk.mount(systemTimers).files,
  });
  const seen: string[] = [];
  for (let batch = 0; batch < 20; batch++) {
    await log.append(records(`${batch}-a`, `${batch}-b`));
    for (let part = await tail.read(64); part.length > 0; part = await tail.read(64)) {
      seen.push(...part.map(({ payload }) => Buffer.from(payload).toString()));
    }
  }
  expect(seen).toEqual(await textsOf(disk));
  expect(seen).toHaveLength(40);
  await log.close();
});

it('keeps how far events were handed on', async () => {
  const disk = newDisk();
  const { files } = disk.mount(systemTimers);
  await files.makeFolder(FOLDER);
  let ids = 0;
  const openPosition = () =>
    DrainPosition.open({
      folder: FOLDER,
      newLogId: () => String(++ids).padStart(32, '0'),
      logNextSequence: 100,
      files,
    });
  const first = await openPosition();
  await first.write({ nextSequence: 7, atMs: 1 });
  await first.write({ nextSequence: 9, atMs: 2 });
  await first.close();
  const second = await openPosition();
  expect([second.current, second.logId, ids]).toEqual([{ nextSequence: 9, atMs: 2 }, first.logId, 1]);
});
