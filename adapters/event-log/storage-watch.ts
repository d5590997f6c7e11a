/** Knows whether events can be stored: what is sold while they cannot is a sale that nobody could ever bill or prove. */
import type { Clock } from '../../engine/ports/clock.ts';
import { type EventLog, EventLogError } from '../../engine/ports/event-log.ts';

/** A disk that takes longer than this over one batch is as good as none. */
export const APPEND_MS_MAX = 2000;

export interface WatchedEventLog extends EventLog {
  /**
   * False from an append that failed, or takes too long, until one has succeeded. What is left of a full log may take small events
   * and no `auction`: there it is one at least half as large as the largest that was refused.
   */
  readonly isStoring: () => boolean;
}

export function watchStorage(log: EventLog, clock: Clock): WatchedEventLog {
  /** What an append must hold to show that there is room again; null: none has failed. */
  let neededBytes: number | null = null;
  let appendingSinceMs: number | null = null;
  return {
    append: async (records) => {
      appendingSinceMs = clock.monotonicMs();
      try {
        await log.append(records);
        if (neededBytes !== null && bytesOf(records) >= neededBytes) neededBytes = null;
      } catch (error) {
        const isFull = error instanceof EventLogError && error.code === 'full';
        neededBytes = Math.max(neededBytes ?? 0, isFull ? largestOf(records) / 2 : 0);
        throw error;
      } finally {
        appendingSinceMs = null;
      }
    },
    close: () => log.close(),
    isStoring: () =>
      neededBytes === null && (appendingSinceMs === null || clock.monotonicMs() - appendingSinceMs <= APPEND_MS_MAX),
  };
}

function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, { length }) => sum + length, 0);
}

function largestOf(records: readonly Uint8Array[]): number {
  return records.reduce((largest, { length }) => Math.max(largest, length), 0);
}
