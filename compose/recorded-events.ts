/** Stored events for a replay: out of the logs of a data folder, an archive or a topic. None of it is written to. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DamagedFile } from '../adapters/archive/damaged-files.ts';
import { openDuckDb } from '../adapters/archive/duckdb.ts';
import { readRawPayloads } from '../adapters/archive/raw-payloads.ts';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import type { TopicReading } from '../adapters/event-log/kafka/read-topic.ts';
import { eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { eventLogFolders } from '../adapters/event-log/log-folders.ts';
import { type LogProblem, missingEvents, readEvents } from '../adapters/event-log/reader.ts';
import { sequenceSince } from '../adapters/event-log/sequence-since.ts';
import { archiveFolder } from '../config/archive.ts';
import type { Config } from '../config/types.ts';
import type { EventReading, RecordedEvents, RecordedLog, RecordedPayload } from '../engine/ports/recorded-events.ts';
import { kafkaConnection } from './kafka.ts';

/** Where recorded events are: the segments of a data folder, its archive, or the topic of a Kafka. */
export type RecordingPlace = 'log' | 'archive' | 'kafka';

/** Those of a configuration. Null: there are none. */
export async function recordedEvents(config: Config, place: RecordingPlace): Promise<RecordedEvents | null> {
  switch (place) {
    case 'log':
      return recordedInLogs(config);
    case 'archive':
      return recordedInArchive(config);
    case 'kafka':
      return recordedInKafka(config);
    default:
      return place satisfies never;
  }
}

/** Of every log in the data folder, one after the other, also while engines write. Null: there is none. */
async function recordedInLogs({ dataDirectory }: Config): Promise<RecordedEvents | null> {
  const folders = await eventLogFolders(dataDirectory);
  if (folders.length === 0) return null;
  const logs = folders.map((folder) => ({ read: (reading: EventReading) => readLog(folder, reading) }));
  return { name: `the event logs in ${dataDirectory}`, logs };
}

async function* readLog(
  source: string,
  { fromMs, onLost }: EventReading,
): AsyncGenerator<RecordedPayload, void, undefined> {
  const fromSequence = await sequenceSince(source, fromMs);
  if (fromSequence === null) return;
  const onProblem = (problem: LogProblem): void =>
    onLost({ source, count: missingEvents(problem), reason: describe(problem) });
  for await (const { sequence, payload } of readEvents(source, { fromSequence, onProblem })) {
    yield { source, position: sequence, payload };
  }
}

function describe(problem: LogProblem): string {
  switch (problem.kind) {
    case 'gap':
      return `events ${problem.fromSequence} to ${problem.toSequence} are missing`;
    case 'damage':
      return `${problem.segment}: ${problem.bytes} bytes at ${problem.offset} are damaged`;
    case 'damaged-header':
      return `${problem.segment}: its header is damaged; its events are read`;
    default:
      return problem satisfies never;
  }
}

/** Of the archive, by hour and time. Null: there is none. */
function recordedInArchive(config: Config): RecordedEvents | null {
  const folder = archiveFolder(config);
  if (!existsSync(join(folder, 'raw'))) return null;
  return { name: `the archive in ${folder}`, logs: [{ read: (reading) => readArchive(config, reading) }] };
}

async function* readArchive(
  config: Config,
  { fromMs, untilMs, onLost }: EventReading,
): AsyncGenerator<RecordedPayload, void, undefined> {
  const { threads, memoryBytesMax } = config.archive;
  // Not in the archive: whoever reads may not be who may write there.
  const spillFolder = await mkdtemp(join(tmpdir(), 'gavel-replay-'));
  const db = await openDuckDb({ threads, memoryBytesMax, spillFolder });
  const onDamaged = ({ path, message }: DamagedFile): void =>
    onLost({ source: path, count: 1, reason: `cannot be read: ${message}` });
  const window = { fromMs, toMs: untilMs };
  try {
    let position = 0;
    for await (const payload of readRawPayloads(db, archiveFolder(config), window, onDamaged)) {
      yield { source: archiveFolder(config), position, payload: encoder.encode(payload) };
      position += 1;
    }
  } finally {
    db.close();
    await rm(spillFolder, { recursive: true, force: true });
  }
}

const encoder = new TextEncoder();

/** Outboxes send behind the event; clocks of brokers and engines may differ by so much. */
const CLOCK_SKEW_MS = 600_000;

/** Of the topic of events, from the oldest that is of the window. Null: no Kafka is configured. */
async function recordedInKafka({ events: { kafka } }: Config): Promise<RecordedEvents | null> {
  if (kafka.brokers === '') return null;
  const topic = eventsTopic(kafka.topicPrefix);
  const connection = kafkaConnection(kafka);
  const log: RecordedLog = { read: (reading) => readKafka({ connection, topic }, reading) };
  return { name: `topic ${topic} of ${kafka.brokers}`, logs: [log] };
}

async function* readKafka(
  of: Pick<TopicReading, 'connection' | 'topic'>,
  { fromMs, onLost }: EventReading,
): AsyncGenerator<RecordedPayload, void, undefined> {
  const { readTopic } = await import('../adapters/event-log/kafka/read-topic.ts');
  const sourceOf = (partition: number): string => `${of.topic}/${partition}`;
  const batches = readTopic({
    ...of,
    sinceMs: Math.max(0, fromMs - CLOCK_SKEW_MS),
    clock: systemClock,
    timers: systemTimers,
    onLog: () => {},
    onProblem: (partition, problem) =>
      onLost({ source: sourceOf(partition), count: missingEvents(problem), reason: describe(problem) }),
  });
  for await (const { partition, events } of batches) {
    for (const { offset, payload } of events) yield { source: sourceOf(partition), position: offset, payload };
  }
}
