import { type EventsActor, spawnEventsActor } from '../actors/events-actor.ts';
import type { ActorParent } from '../actors/mailbox.ts';
import { readPlace } from '../adapters/event-log/consumer-places.ts';
import { type EmbeddedEventLog, openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { lockFolder } from '../adapters/event-log/folder-lock.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import type { OutboxDrain } from '../adapters/event-log/outbox/outbox-drain.ts';
import { openReopeningEventLog, type ReopeningEventLog } from '../adapters/event-log/reopening-event-log.ts';
import { encodedBytes, PAYLOAD_BYTES_MAX } from '../adapters/event-log/segment-format.ts';
import { sparedLogFiles } from '../adapters/event-log/spare-descriptors.ts';
import { watchStorage } from '../adapters/event-log/storage-watch.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { OUTBOX_DRAIN_MS } from '../adapters/process/drain-budget.ts';
import type { SegmentWriter } from '../adapters/user-data/segments.ts';
import { awaitedConsumers } from '../config/event-consumers.ts';
import type { GavelEvent } from '../engine/events/read-event.ts';
import { type EventLog, EventLogError } from '../engine/ports/event-log.ts';
import { eventLogId } from './event-log-id.ts';
import type { FolderOutbox } from './event-watermarks.ts';
import type { OutsideDisk } from './outside-stores.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** What the engine wants to know of the event log. */
export interface OpenedEventLog {
  readonly log: EventLog;
  readonly isHealthy: () => boolean;
  /** Whether what is sold now could be billed and proved. */
  readonly isStoring: () => boolean;
  /** Null: its events are kept elsewhere. */
  readonly segments: { readonly folder: string; readonly writer: SegmentWriter } | null;
  /** Null: it hands on nothing. */
  readonly outbox: FolderOutbox | null;
}

/** The log of the data folder, which is this process's alone. Rejects when the folder cannot be had. */
export async function openEmbeddedLog(parts: Parts): Promise<OpenedEventLog> {
  const { config, clock, timers, stores, metrics, log } = parts;
  const { segmentBytesMax, totalBytesMax, retention, syncIntervalMs, kafka } = config.events;
  const folder = eventLogFolder(config.dataDirectory);
  const { files, lock } = stores.disk ?? openFileSystem(parts);
  let outbox: OutboxDrain | null = null;
  const drainedUntil = (): number => (kafka.brokers === '' ? Number.POSITIVE_INFINITY : (outbox?.drainedUntil() ?? 0));
  const awaited = awaitedConsumers(config);
  const eventLog = await openReopeningEventLog({
    open: () =>
      openEventLog({
        folder,
        files,
        lock,
        timers,
        segmentBytes: segmentBytesMax,
        totalBytesMax,
        retention,
        syncIntervalMs,
        keptFrom: () => Math.min(drainedUntil(), ...awaited.map((consumer) => readPlace(folder, consumer))),
      }),
    timers,
    observer: {
      onReopened: ({ recovery }) => {
        outbox?.logReopened(recovery.nextSequence);
        log.info({ recovery }, 'event log reopened');
      },
      onReopenFailed: (err, retryInMs) => log.warn({ err, retryInMs }, 'event log could not be reopened'),
    },
  });
  log.info({ folder, recovery: eventLog.current()?.recovery }, 'event log opened');
  metrics.eventLogBytes(() => eventLog.current()?.stats().totalBytes ?? 0);
  for (const consumer of awaited) {
    metrics.eventLogUnread(consumer, () => Math.max(0, nextSequenceOf(eventLog) - readPlace(folder, consumer)));
  }
  if (kafka.brokers !== '') {
    outbox = await beginOutbox(parts, folder, nextSequenceOf(eventLog)).catch(async (error: unknown) => {
      await eventLog.close();
      throw error;
    });
  }
  const watched = watchStorage(outbox === null ? eventLog : withOutbox(eventLog, outbox), clock);
  metrics.eventsUnstorable(() => !watched.isStoring());
  return {
    log: watched,
    isHealthy: () => eventLog.isHealthy() && watched.isStoring(),
    isStoring: watched.isStoring,
    outbox: outbox === null ? null : { id: async () => stores.disk?.id ?? eventLogId(folder), drain: outbox },
    segments: stores.disk === undefined ? { folder, writer: writerOf(eventLog, outbox) } : null,
  };
}

function openFileSystem({ closing }: Parts): Pick<OutsideDisk, 'files' | 'lock'> {
  const files = sparedLogFiles();
  closing(async () => files.release());
  return { files, lock: lockFolder };
}

function writerOf(eventLog: ReopeningEventLog<EmbeddedEventLog>, outbox: OutboxDrain | null): SegmentWriter {
  return {
    rotate: async () => {
      const current = eventLog.current();
      if (current === null) throw new EventLogError('io', 'the event log is being reopened');
      return current.rotate();
    },
    handedOnUntil: () => outbox?.drainedUntil() ?? Number.POSITIVE_INFINITY,
  };
}

/** The client of Kafka takes its time to load, which engines without one need not spend. */
async function beginOutbox(parts: Parts, folder: string, logNextSequence: number): Promise<OutboxDrain> {
  const { openOutbox } = await import('./outbox.ts');
  return openOutbox(parts, folder, logNextSequence);
}

function withOutbox(eventLog: ReopeningEventLog<EmbeddedEventLog>, outbox: OutboxDrain): EventLog {
  return {
    append: async (records) => {
      await eventLog.append(records);
      outbox.appended(nextSequenceOf(eventLog) - records.length, encodedBytes(records));
    },
    close: async () => {
      await outbox.close(OUTBOX_DRAIN_MS);
      await eventLog.close();
    },
  };
}

function nextSequenceOf(eventLog: ReopeningEventLog<EmbeddedEventLog>): number {
  return eventLog.current()?.stats().nextSequence ?? 0;
}

/** Of deleted users events are made as of somebody whom nobody knows. */
export function openEvents(
  parts: Parts,
  parent: ActorParent,
  eventLog: EventLog,
  unlinked: Pick<UnlinkedUsers, 'has'>,
): EventsActor {
  const { config, clock, metrics, log, closing } = parts;
  const events = spawnEventsActor(parent, {
    log: eventLog,
    clock,
    supervisor: supervisorOf(parts),
    pendingBytesMax: config.events.pendingBytesMax,
    eventBytesMax: PAYLOAD_BYTES_MAX,
    observer: {
      onAcknowledged: metrics.eventsAcknowledged,
      onDropped: metrics.eventsDropped,
      onError: (err) => log.error({ err }, 'outcome events could not be stored'),
    },
  });
  closing(events.flush);
  const linked = (event: GavelEvent): GavelEvent =>
    'userKey' in event && unlinked.has(event.userKey ?? null) ? { ...event, userKey: null } : event;
  return {
    record: (event) => events.record(linked(event)),
    store: (event) => events.store(linked(event)),
    flush: events.flush,
  };
}
