/**
 * File descriptors kept for the event log. When the process or the machine has none left, an operation that needs one
 * changes places with a spare, so that the log can start its next segment while connections take everything else. The change
 * and, where it needs no descriptor for long, the operation are synchronous: a descriptor that is free for one turn of the
 * event loop belongs to somebody else. That blocks the loop for as long as the disk takes, at one segment in so many MiB.
 */
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { devNull } from 'node:os';
import { type LogFile, type LogFiles, logFileOn, nodeLogFiles } from './log-files.ts';

/** A segment takes one and gives one back when it is closed; the others are for its folder, and for chance. */
export const SPARE_DESCRIPTORS = 4;

export interface SparedLogFiles extends LogFiles {
  /** Spares held now. */
  readonly spareCount: () => number;
  /** Gives the spares up for good. */
  readonly release: () => void;
}

/** The file system, with spares. Throws when they cannot be had. */
export function sparedLogFiles(): SparedLogFiles {
  const spares: number[] = [];
  let spareCountMax = SPARE_DESCRIPTORS;
  const refill = (): void => {
    while (spares.length < spareCountMax) spares.push(openSync(devNull, 'r'));
  };
  const refillIfPossible = (): void => {
    try {
      refill();
    } catch {
      // There are none now either; the next operation tries again.
    }
  };
  const orInPlaceOfSpare = async <T>(operation: () => Promise<T>, inPlaceOfSpare: () => T): Promise<T> => {
    try {
      return await operation();
    } catch (error) {
      const spare = isOutOfDescriptors(error) ? spares.pop() : undefined;
      if (spare === undefined) throw error;
      closeSync(spare);
      return inPlaceOfSpare();
    } finally {
      refillIfPossible();
    }
  };
  const openFile = (path: string, flags: 'wx' | 'r+'): LogFile => {
    const file = logFileOn(openSync(path, flags));
    return {
      ...file,
      close: async () => {
        const closed = file.close();
        refillIfPossible();
        await closed;
      },
    };
  };
  refill();
  return {
    ...nodeLogFiles,
    syncFolder: (path) =>
      orInPlaceOfSpare(
        () => nodeLogFiles.syncFolder(path),
        () => syncFolder(path),
      ),
    list: (path) =>
      orInPlaceOfSpare(
        () => nodeLogFiles.list(path),
        () => readdirSync(path),
      ),
    create: (path) =>
      orInPlaceOfSpare(
        async () => openFile(path, 'wx'),
        () => openFile(path, 'wx'),
      ),
    openExisting: (path) =>
      orInPlaceOfSpare(
        async () => openFile(path, 'r+'),
        () => openFile(path, 'r+'),
      ),
    spareCount: () => spares.length,
    release: () => {
      spareCountMax = 0;
      for (const spare of spares.splice(0)) closeSync(spare);
    },
  };
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isOutOfDescriptors(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE';
}
