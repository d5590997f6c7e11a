/** Hands on what is left in event logs that no engine writes to any more. */
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { FolderLockedError } from '../adapters/event-log/folder-lock.ts';
import { eventLogFolders } from '../adapters/event-log/log-folders.ts';
import { openCampaignBooks } from './campaign-books.ts';
import { eventLogId } from './event-log-id.ts';
import { openOutbox } from './outbox.ts';
import type { Parts } from './parts.ts';

export interface DrainedEventLog {
  readonly folder: string;
  /** Sequences that were handed on; null: an engine runs there, and does it itself. */
  readonly drainedCount: number | null;
}

/** One log after the other, each for as long as Kafka takes; tells of each, and how many there are. */
export async function drainEventLogs(parts: Parts, onDrained: (log: DrainedEventLog) => void): Promise<number> {
  const folders = await eventLogFolders(parts.config.dataDirectory);
  for (const folder of folders) onDrained({ folder, drainedCount: await drainEventLog(parts, folder) });
  return folders.length;
}

async function drainEventLog(parts: Parts, folder: string): Promise<number | null> {
  const log = await openEventLog({ folder, timers: parts.timers, keptFrom: () => 0 }).catch((error: unknown) => {
    if (error instanceof FolderLockedError) return null;
    throw error;
  });
  if (log === null) return null;
  try {
    const outbox = await openOutbox(parts, folder, log.stats().nextSequence);
    const from = outbox.drainedUntil();
    await outbox.whenEmpty();
    const drainedCount = outbox.drainedUntil() - from;
    await outbox.close(0);
    await tellDrained(parts, folder);
    return drainedCount;
  } finally {
    await log.close();
  }
}

/** What its engine said of events that wait is over. Where that cannot be told, what is held for them stays so for a while. */
async function tellDrained({ config, clock, log }: Parts, folder: string): Promise<void> {
  if (config.campaigns.databaseUrl === '') return;
  const onError = (err: unknown): void =>
    log.warn({ err, folder }, 'drain: the database cannot be told that no event waits');
  try {
    const books = await openCampaignBooks(config, clock, onError);
    try {
      await books.backlogs.tellNone(await eventLogId(folder));
    } finally {
      await books.close();
    }
  } catch (error) {
    onError(error);
  }
}
