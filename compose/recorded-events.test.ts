/** The same events out of logs, an archive and a topic: each once or more, in order, of the window, and nothing is changed. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALL_TIME, listRawFiles } from '../adapters/archive/layout.ts';
import { writeRawFiles } from '../adapters/archive/raw-files.ts';
import { archived, openTestArchive, type TestArchive } from '../adapters/archive/testing/archive-folder.ts';
import { systemTimers } from '../adapters/clock.ts';
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { applyTopics, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { encodeFrames, encodeHeader, segmentName } from '../adapters/event-log/segment-format.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { encodeEvent, readEvent } from '../engine/events/read-event.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { buildAuctionEvent } from '../engine/exchange/testing/build-auction-event.ts';
import type { LostRecords } from '../engine/ports/recorded-events.ts';
import { startKafka } from '../test/support/services.ts';
import { kafkaConnection } from './kafka.ts';
import { type RecordingPlace, recordedEvents } from './recorded-events.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 10, 21, 18, 30);
/** Three hours of them. */
const EVENTS = Array.from({ length: 12 }, (_, index) =>
  buildAuctionEvent({ auctionId: `auction-${String(index).padStart(2, '0')}`, atMs: START_MS + index * (HOUR_MS / 4) }),
);
const IDS = EVENTS.map(({ auctionId }) => auctionId);
const ALL = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };

let archive: TestArchive;
let lost: LostRecords[];
beforeEach(async () => {
  archive = await openTestArchive();
  lost = [];
});
afterEach(() => archive.dispose());

const config = (overrides: Record<string, unknown> = {}): Config =>
  loadConfig({
    file: null,
    environment: {},
    overrides: { dataDirectory: join(archive.folder, 'data'), 'archive.folder': archive.folder, ...overrides },
  });

async function idsIn(place: RecordingPlace, of: Config, window = ALL): Promise<string[]> {
  const events = await recordedEvents(of, place);
  const ids: string[] = [];
  for (const log of events!.logs) {
    for await (const { payload } of log.read({ ...window, onLost: (records) => lost.push(records) })) {
      ids.push((readEvent(payload) as AuctionEvent).auctionId);
    }
  }
  return ids;
}

async function writeLog(folder: string, events: readonly AuctionEvent[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, segmentName(1));
  await writeFile(path, Buffer.concat([encodeHeader(1), encodeFrames(events.map(encodeEvent), 1)]));
  return path;
}

describe('out of logs', () => {
  it('come those of all workers, each log in order', async () => {
    await writeLog(join(archive.folder, 'data', 'worker-1', 'events'), EVENTS.slice(0, 5));
    await writeLog(join(archive.folder, 'data', 'worker-2', 'events'), EVENTS.slice(5));
    expect(await idsIn('log', config())).toEqual(IDS);
    expect(await readdir(join(archive.folder, 'data', 'worker-1'))).toEqual(['events']);
  });

  it('come those that are left of a damaged one, and what is lost is told', async () => {
    const path = await writeLog(join(archive.folder, 'data', 'events'), EVENTS);
    const bytes = Buffer.concat([encodeHeader(1), encodeFrames(EVENTS.map(encodeEvent), 1)]);
    bytes[40] = bytes[40]! ^ 1;
    await writeFile(path, bytes);
    expect(await idsIn('log', config())).toEqual(IDS.slice(1));
    expect(lost).toMatchObject([{ count: 1, reason: expect.stringContaining('damaged') }]);
  });

  it('comes nothing where there is none', async () => {
    expect(await recordedEvents(config(), 'log')).toBeNull();
    expect(await recordedEvents(config({ 'archive.folder': '/nowhere' }), 'archive')).toBeNull();
    expect(await recordedEvents(config(), 'kafka')).toBeNull();
  });
});

describe('out of an archive', () => {
  const WRITTEN = { nowMs: START_MS, keptFromMs: 0 };

  it('they come by time, each once however often it is there', async () => {
    await writeRawFiles(archive.db, archive.folder, archived(EVENTS.toReversed()), WRITTEN);
    await writeRawFiles(archive.db, archive.folder, archived(EVENTS.slice(3, 8), 100), WRITTEN);
    const before = await listRawFiles(archive.folder, ALL_TIME);
    expect(await idsIn('archive', config())).toEqual(IDS);
    expect(await listRawFiles(archive.folder, ALL_TIME)).toEqual(before);
  });

  it('only hours of the window are read', async () => {
    await writeRawFiles(archive.db, archive.folder, archived(EVENTS), WRITTEN);
    const [first] = await listRawFiles(archive.folder, ALL_TIME);
    await truncate(first!.path, 10);
    const window = { fromMs: Date.UTC(2026, 10, 21, 19), untilMs: Date.UTC(2026, 10, 21, 20) };
    expect(await idsIn('archive', config(), window)).toEqual(IDS.slice(2, 6));
    expect(lost).toEqual([]);
  });

  it('a file that cannot be read is told, and the others are read', async () => {
    await writeRawFiles(archive.db, archive.folder, archived(EVENTS), WRITTEN);
    const [first] = await listRawFiles(archive.folder, ALL_TIME);
    await truncate(first!.path, 10);
    expect(await idsIn('archive', config())).toEqual(IDS.slice(2));
    expect(lost).toMatchObject([{ source: first!.path, count: 1 }]);
  });
});

const kafka = await startKafka();
afterAll(() => kafka?.stop());

describe.skipIf(kafka === null)('out of a topic', () => {
  async function topicOf(
    partitions: number,
  ): Promise<{ of: Config; send: (events: readonly AuctionEvent[]) => Promise<void> }> {
    const of = config({ 'events.kafka.brokers': kafka!.url, 'events.kafka.topicPrefix': `replay-${randomUUID()}.` });
    const connection = kafkaConnection(of.events.kafka);
    const topic = eventsTopic(of.events.kafka.topicPrefix);
    await applyTopics(
      connection,
      [{ name: topic, partitions, replicationFactor: -1, retentionMs: 86_400_000 }],
      () => {},
    );
    const sender = createKafkaSender({ connection, topic, compression: 'gzip', timers: systemTimers, onLog: () => {} });
    return {
      of,
      send: async (events) => {
        await sender.send(
          events.map((event) => ({
            id: event.auctionId,
            key: event.auctionId,
            type: 'auction',
            payload: encodeEvent(event),
          })),
        );
        await sender.close();
      },
    };
  }

  it('come those of all partitions, and again for who asks again', async () => {
    const { of, send } = await topicOf(3);
    await send(EVENTS);
    for (let round = 0; round < 2; round++) expect((await idsIn('kafka', of)).toSorted()).toEqual(IDS);
  }, 60_000);

  it('comes nothing of an empty one, or of a time when nothing was sent', async () => {
    const { of, send } = await topicOf(2);
    expect(await idsIn('kafka', of)).toEqual([]);
    await send(EVENTS);
    expect(await idsIn('kafka', of, { fromMs: Date.now() + HOUR_MS, untilMs: Number.MAX_SAFE_INTEGER })).toEqual([]);
  }, 60_000);

  it('who stops early lets go of it', async () => {
    const { of, send } = await topicOf(1);
    await send(EVENTS);
    const events = await recordedEvents(of, 'kafka');
    for await (const { position } of events!.logs[0]!.read({ ...ALL, onLost: () => {} })) {
      expect(position).toBe(0);
      break;
    }
  }, 60_000);
});
