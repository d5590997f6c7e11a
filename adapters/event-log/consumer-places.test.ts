import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { awaitedConsumers } from '../../config/event-consumers.ts';
import type { EventBatch } from '../../engine/ports/event-source.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { keepingPlaces, readPlace } from './consumer-places.ts';
import { type EmbeddedEventLog, openEventLog } from './event-log.embedded.ts';
import { createEmbeddedSource } from './event-source.embedded.ts';
import { eventLogFolder, workerDataDirectory } from './log-folders.ts';

const RECORD = Buffer.alloc(1000, 'x');

let dataDirectory: string;
let log: EmbeddedEventLog;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'places-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(dataDirectory, { recursive: true });
});

/** Holds some twenty records; it waits for these. */
async function open(data: string, awaited: readonly string[]): Promise<void> {
  const folder = eventLogFolder(data);
  log = await openEventLog({
    folder,
    timers: systemTimers,
    segmentBytes: 5000,
    totalBytesMax: 25_000,
    keptFrom: () => Math.min(Number.POSITIVE_INFINITY, ...awaited.map((name) => readPlace(folder, name))),
  });
  closing.push(log.close);
}

async function append(count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) await log.append([RECORD]);
}

/** Rejects every batch until it is let go. */
function consume(position: number | null = null): { readonly letGo: () => void; readonly seen: number[] } {
  let isHeld = true;
  const seen: number[] = [];
  const source = createEmbeddedSource({
    dataDirectory,
    envelopeOf: () => ({ key: null, type: 'x' }),
    batchBytesMax: 3000,
    pollMs: 1,
    clock: systemClock,
    timers: systemTimers,
    onProblem: () => {},
  });
  const consumption = keepingPlaces(source, { dataDirectory, name: 'billing' }).consume({
    positionOf: async () => position,
    handle: async ({ events }: EventBatch) => {
      if (isHeld) throw new Error('the database is away');
      seen.push(...events.map(({ offset }) => offset));
    },
    onFailure: () => {},
  });
  closing.push(async () => (await consumption).close());
  return {
    seen,
    letGo: () => {
      isHeld = false;
    },
  };
}

it('segments that a consumer has not passed stay, and fill the log, until it has', async () => {
  await open(dataDirectory, ['billing']);
  const { letGo, seen } = consume();
  await expect(append(100)).rejects.toMatchObject({ code: 'full' });
  expect(log.stats().removedSegments).toBe(0);
  const { nextSequence } = log.stats();
  letGo();
  await expect.poll(() => readPlace(eventLogFolder(dataDirectory), 'billing')).toBe(nextSequence);
  await append(10);
  expect(log.stats().removedSegments).toBeGreaterThan(0);
  await expect.poll(() => seen.length).toBe(nextSequence + 9);
  expect(seen).toEqual(Array.from({ length: nextSequence + 9 }, (_, at) => at + 1));
});

it('who is not waited for any more holds nothing, wherever it was', async () => {
  await writePlaceOf('0000000000000003');
  await open(dataDirectory, []);
  await append(100);
  expect(log.stats().removedSegments).toBeGreaterThan(0);
});

it('a place that cannot be read is the oldest', async () => {
  const folder = eventLogFolder(dataDirectory);
  expect(readPlace(folder, 'billing')).toBe(0);
  await open(dataDirectory, ['billing']);
  for (const text of ['', 'nonsense', '-1', '0.5']) {
    await writePlaceOf(text);
    expect(readPlace(folder, 'billing')).toBe(0);
  }
});

it('a consumer that goes back says so; that of a worker stands beside its own log', async () => {
  const worker = workerDataDirectory(dataDirectory, 3);
  await open(worker, ['billing']);
  await append(5);
  consume(2);
  await expect.poll(() => readPlace(eventLogFolder(worker), 'billing')).toBe(2);
});

it('those who are on are waited for', () => {
  const config = (enabled: boolean, billing: boolean, brokers: string) =>
    awaitedConsumers({ campaigns: { enabled }, events: { billing, kafka: { brokers } } } as never);
  expect(config(true, false, '')).toEqual(['billing']);
  expect(config(false, true, '')).toEqual(['billing']);
  expect(config(false, false, '')).toEqual([]);
  expect(config(true, true, 'kafka:9092')).toEqual([]);
});

async function writePlaceOf(text: string): Promise<void> {
  const folder = eventLogFolder(dataDirectory);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'billing.place'), text);
}
