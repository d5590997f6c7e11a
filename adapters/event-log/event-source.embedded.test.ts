import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { envelopeOf } from '../../engine/exchange/event-envelope.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { openEventLog } from './event-log.embedded.ts';
import { eventSourceContract, payloadOf } from './event-source.contract.ts';
import { createEmbeddedSource } from './event-source.embedded.ts';
import { eventLogFolder, workerDataDirectory } from './log-folders.ts';
import { firstSequenceOf } from './segment-format.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'source-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const IDLE_TIMERS = { schedule: () => null, cancel: () => {} };

async function openLog(dataDirectory: string) {
  const log = await openEventLog({ folder: eventLogFolder(dataDirectory), timers: IDLE_TIMERS });
  return {
    append: (...texts: string[]) => log.append(texts.map((text) => Buffer.from(payloadOf(text)))),
    close: () => log.close(),
  };
}

function sourceOf(dataDirectory: string) {
  return createEmbeddedSource({
    dataDirectory,
    envelopeOf,
    batchBytesMax: 4096,
    pollMs: 5,
    clock: systemClock,
    timers: systemTimers,
    onProblem: () => {},
  });
}

eventSourceContract('the embedded source', async () => {
  const dataDirectory = await mkdtemp(join(root, 'data-'));
  const log = await openLog(dataDirectory);
  return { append: log.append, open: () => sourceOf(dataDirectory), dispose: () => log.close() };
});

it('says where a log ends, which it may have lost', async () => {
  const dataDirectory = await mkdtemp(join(root, 'data-'));
  const ends: (number | null)[] = [];
  const look = async () => {
    const consumption = await sourceOf(dataDirectory).consume({
      positionOf: async (_, end) => {
        ends.push(end);
        return null;
      },
      handle: async () => {},
      onFailure: () => {},
    });
    await expect.poll(() => ends.length).toBeGreaterThan(0);
    await consumption.close();
    return ends.pop();
  };
  const first = await openLog(dataDirectory);
  expect(await look()).toBeNull();
  await first.append('a', 'b', 'c');
  await first.close();
  expect(await look()).toBe(4);
  const folder = eventLogFolder(dataDirectory);
  const segment = join(folder, (await readdir(folder)).find((name) => firstSequenceOf(name) !== null)!);
  await truncate(segment, (await stat(segment)).size - 1);
  expect(await look()).toBe(3);
});

it('knows how far it is in a log that is written to all the time', async () => {
  const dataDirectory = await mkdtemp(join(root, 'data-'));
  const log = await openLog(dataDirectory);
  await log.append('first');
  const known: number[] = [];
  const consumption = await sourceOf(dataDirectory).consume({
    positionOf: async () => null,
    // Whenever it is asked there is more.
    handle: async () => {
      await log.append('more');
      known.push(...(await consumption.ends()).map(({ end }) => end));
    },
    onFailure: () => {},
  });
  await expect.poll(() => known.length).toBeGreaterThan(50);
  await consumption.close();
  expect(known.at(-1)! - known[0]!).toBeGreaterThanOrEqual(49);
  await log.close();
});

it('finds the log of a worker that comes later, as a partition of its own', async () => {
  const dataDirectory = await mkdtemp(join(root, 'data-'));
  const alone = await openLog(dataDirectory);
  await alone.append('a');
  const seen: string[] = [];
  const consumption = await sourceOf(dataDirectory).consume({
    positionOf: async () => null,
    handle: async ({ partition, events }) => {
      seen.push(...events.map(({ type }) => `${partition}:${type}`));
    },
    onFailure: () => {},
  });
  const worker = await openLog(workerDataDirectory(dataDirectory, 3));
  await worker.append('b');
  await expect.poll(() => seen.toSorted()).toEqual(['0:a', '3:b']);
  await consumption.close();
  await worker.close();
  await alone.close();
});
