/** The way of events from their segments to Kafka. */
import { eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { type LogFiles, nodeLogFiles } from '../adapters/event-log/log-files.ts';
import { DrainPosition } from '../adapters/event-log/outbox/drain-position.ts';
import { OutboxDrain } from '../adapters/event-log/outbox/outbox-drain.ts';
import { missingEvents } from '../adapters/event-log/reader.ts';
import { listSegments } from '../adapters/event-log/recover-segments.ts';
import { firstSequenceOf } from '../adapters/event-log/segment-format.ts';
import { SegmentTail } from '../adapters/event-log/segment-tail.ts';
import { envelopeOf } from '../engine/exchange/event-envelope.ts';
import { kafkaSender } from './kafka-source.ts';
import type { Parts } from './parts.ts';

/** Begins at once. Rejects when the position beside the segments cannot be had. */
export async function openOutbox(parts: Parts, folder: string, logNextSequence: number): Promise<OutboxDrain> {
  const { config, clock, timers, random, entropy, stores, metrics, log } = parts;
  const files = stores.disk?.files ?? nodeLogFiles;
  const position = await DrainPosition.open({
    folder,
    newLogId: () => entropy.newId().replaceAll('-', ''),
    logNextSequence,
    files,
  });
  const fromSequence = position.current?.nextSequence ?? null;
  const outbox = new OutboxDrain({
    tail: new SegmentTail({
      folder,
      fromSequence,
      files,
      onProblem: (problem) => {
        metrics.eventsMissing('outbox', missingEvents(problem));
        log.error({ folder, problem }, 'outbox: events are missing');
      },
    }),
    position,
    sender: kafkaSender(parts, eventsTopic(config.events.kafka.topicPrefix)),
    envelopeOf,
    limits: config.events.kafka,
    waitingBytes: await bytesFrom(files, { folder, fromSequence, nextSequence: logNextSequence }),
    clock,
    timers,
    random,
    observer: {
      onDrained: metrics.outbox.onDrained,
      onFailure: (err, isFirst) => {
        metrics.outbox.onFailure();
        if (isFirst) log.warn({ err }, 'outbox: events cannot be sent; they wait on disk');
      },
      onRecovered: (outageMs) => log.info({ outageMs }, 'outbox: events are sent again'),
      onRejected: (sequence, err) => {
        metrics.outbox.onRejected();
        log.error({ folder, sequence, err }, 'outbox: Kafka will never take an event');
      },
    },
  });
  metrics.outbox.readFrom({ waitingBytes: () => outbox.waitingBytes(), oldestMs: () => outbox.oldestMs() });
  return outbox;
}

/** Of whole segments: where in its segment an event is, only reading tells. */
async function bytesFrom(
  files: LogFiles,
  { folder, fromSequence, nextSequence }: { folder: string; fromSequence: number | null; nextSequence: number },
): Promise<number> {
  if (fromSequence === nextSequence) return 0;
  const segments = await listSegments(folder, files);
  const first = segments.findLastIndex(({ name }) => firstSequenceOf(name)! <= (fromSequence ?? 0));
  return segments.slice(Math.max(0, first)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
