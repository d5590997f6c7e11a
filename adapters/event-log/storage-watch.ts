/** Knows whether events can be stored: what is sold while they cannot is a sale that nobody could ever bill or prove. */
import type { Clock } from '../../engine/ports/clock.ts';
import type { EventLog } from '../../engine/ports/event-log.ts';

/** A disk that takes longer than this over one batch is as good as none. */
export const APPEND_MS_MAX = 2000;

export interface WatchedEventLog extends EventLog {
  /** False from an append that failed, or takes too long, until one has succeeded. */
  readonly isStoring: () => boolean;
}

export function watchStorage(log: EventLog, clock: Clock): WatchedEventLog {
  let hasFailed = false;
  let appendingSinceMs: number | null = null;
  return {
    append: async (records) => {
      appendingSinceMs = clock.monotonicMs();
      try {
        await log.append(records);
        hasFailed = false;
      } catch (error) {
        hasFailed = true;
        throw error;
      } finally {
        appendingSinceMs = null;
      }
    },
    close: () => log.close(),
    isStoring: () =>
      !hasFailed && (appendingSinceMs === null || clock.monotonicMs() - appendingSinceMs <= APPEND_MS_MAX),
  };
}
