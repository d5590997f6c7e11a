import { type EventsActor, spawnEventsActor } from '../actors/events-actor.ts';
import type { ActorParent } from '../actors/mailbox.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { openReopeningEventLog } from '../adapters/event-log/reopening-event-log.ts';
import { PAYLOAD_BYTES_MAX } from '../adapters/event-log/segment-format.ts';
import { sparedLogFiles } from '../adapters/event-log/spare-descriptors.ts';
import type { EventLog } from '../engine/ports/event-log.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** What `GET /status` wants to know of the event log. */
export interface OpenedEventLog {
  readonly log: EventLog;
  readonly isHealthy: () => boolean;
}

/** The log of the data folder, which is this process's alone. Rejects when the folder cannot be had. */
export async function openEmbeddedLog({ config, timers, metrics, log, closing }: Parts): Promise<OpenedEventLog> {
  const { segmentBytesMax, totalBytesMax, retention, syncIntervalMs } = config.events;
  const folder = eventLogFolder(config.dataDirectory);
  const files = sparedLogFiles();
  closing(async () => files.release());
  const eventLog = await openReopeningEventLog({
    open: () =>
      openEventLog({ folder, files, timers, segmentBytes: segmentBytesMax, totalBytesMax, retention, syncIntervalMs }),
    timers,
    observer: {
      onReopened: ({ recovery }) => log.info({ recovery }, 'event log reopened'),
      onReopenFailed: (err, retryInMs) => log.warn({ err, retryInMs }, 'event log could not be reopened'),
    },
  });
  metrics.outboxBytes(() => eventLog.current()?.stats().totalBytes ?? 0);
  log.info({ folder, recovery: eventLog.current()?.recovery }, 'event log opened');
  return { log: eventLog, isHealthy: eventLog.isHealthy };
}

export function openEvents(parts: Parts, parent: ActorParent, eventLog: EventLog): EventsActor {
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
  return events;
}
