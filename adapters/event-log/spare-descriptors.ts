/**
 * File descriptors kept for the event log. When the process or the machine has none left, an operation that needs one gives
 * up a spare and tries again; spares are taken again as soon as that is possible. So the log can start its next segment
 * while connections take everything else.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { LogFiles } from './log-files.ts';

/** A segment needs one, syncing its folder another, and somebody may be quicker. */
export const SPARE_DESCRIPTORS = 4;

export interface SparedLogFiles extends LogFiles {
  /** Spares held now. */
  readonly spares: () => number;
  /** Gives the spares up for good. */
  readonly release: () => void;
}

/** Opens the spares; throws when they cannot be had. */
export function withSpareDescriptors(files: LogFiles): SparedLogFiles {
  const spares: number[] = [];
  let isReleased = false;
  const refill = (): void => {
    while (!isReleased && spares.length < SPARE_DESCRIPTORS) spares.push(openSync(devNull, 'r'));
  };
  const refillIfPossible = (): void => {
    try {
      refill();
    } catch {
      // Still none to be had: the next operation tries again.
    }
  };
  const spared = async <T>(operation: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const result = await operation();
        refillIfPossible();
        return result;
      } catch (error) {
        const spare = isOutOfDescriptors(error) ? spares.pop() : undefined;
        if (spare === undefined) throw error;
        closeSync(spare);
      }
    }
  };
  refill();
  return {
    makeFolder: files.makeFolder,
    syncFolder: (path) => spared(() => files.syncFolder(path)),
    list: (path) => spared(() => files.list(path)),
    sizeBytes: files.sizeBytes,
    read: (path) => spared(() => files.read(path)),
    create: (path) => spared(() => files.create(path)),
    openExisting: (path) => spared(() => files.openExisting(path)),
    remove: files.remove,
    spares: () => spares.length,
    release: () => {
      isReleased = true;
      for (const spare of spares.splice(0)) closeSync(spare);
    },
  };
}

function isOutOfDescriptors(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE';
}
