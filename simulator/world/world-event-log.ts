import { type EventLog, EventLogError } from '../../engine/ports/event-log.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** A sync to a good disk, ms. */
const SYNC_MS = 1;

/** An event log whose records outlive the process once it has acknowledged them; `onStored` has them from then on. */
export function worldEventLog(process: VirtualProcess, onStored: (records: readonly Uint8Array[]) => void): EventLog {
  let isClosed = false;
  return {
    append: (records) =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(new EventLogError('closed', 'the event log is closed'));
          return;
        }
        process.timers.schedule(SYNC_MS, () => {
          onStored(records);
          resolve();
        });
      }),
    close: async () => {
      isClosed = true;
    },
  };
}
