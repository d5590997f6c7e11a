/**
 * What the event log does with the segments it finds at start: the last one may end in a torn write, which is cut, and
 * the sequence continues behind the last frame that verifies.
 */
import { join } from 'node:path';
import type { LogFiles } from './log-files.ts';
import { checkHeader, FIRST_SEQUENCE, FRAME_OVERHEAD_BYTES, firstSequenceOf, scanSegment } from './segment-format.ts';

/** What was found and mended when the log was opened. */
export interface LogRecovery {
  readonly nextSequence: number;
  /** Bytes cut behind the last frame that verifies. */
  readonly cutBytes: number;
  /** Records these bytes began, as far as their lengths can be read. None of them had been acknowledged (docs/events.md). */
  readonly cutRecords: number;
  /** Bytes of the last segment that do not verify but have good frames behind them. Left in place, never cut. */
  readonly damagedBytes: number;
}

export interface ClosedSegment {
  readonly name: string;
  readonly sizeBytes: number;
}

/** Segments of the folder, oldest first. */
export async function listSegments(
  folder: string,
  files: Pick<LogFiles, 'list' | 'sizeBytes'>,
): Promise<ClosedSegment[]> {
  const names = (await files.list(folder)).filter((name) => firstSequenceOf(name) !== null).sort();
  return Promise.all(names.map(async (name) => ({ name, sizeBytes: await files.sizeBytes(join(folder, name)) })));
}

export class UnknownSegmentFormatError extends Error {
  readonly code = 'unknown-format';
  constructor(path: string) {
    super(`${path} was written by a newer version that this one cannot read`);
    this.name = 'UnknownSegmentFormatError';
  }
}

/** Mends the last segment of the folder and flushes it to the device; a last segment without any frame is removed. */
export async function recoverLastSegment(folder: string, files: LogFiles): Promise<LogRecovery> {
  const last = (await listSegments(folder, files)).at(-1);
  if (last === undefined) return { nextSequence: FIRST_SEQUENCE, cutBytes: 0, cutRecords: 0, damagedBytes: 0 };
  const path = join(folder, last.name);
  const bytes = await files.read(path);
  if (checkHeader(bytes) === 'newer') throw new UnknownSegmentFormatError(path);
  const { keptBytes, ...recovery } = assess(bytes, firstSequenceOf(last.name) ?? FIRST_SEQUENCE);
  if (keptBytes === 0) {
    await files.remove(path);
    await files.syncFolder(folder);
  } else {
    await truncateAndSync(path, keptBytes, files);
  }
  return recovery;
}

function assess(bytes: Buffer, firstSequence: number): LogRecovery & { readonly keptBytes: number } {
  let keptBytes = 0;
  let nextSequence = firstSequence;
  let damagedBytes = 0;
  let tailOffset = bytes.length;
  for (const part of scanSegment(bytes, firstSequence)) {
    if (part.kind === 'frame') {
      keptBytes = part.endOffset;
      nextSequence = part.sequence + 1;
    } else if (part.kind === 'damage') {
      damagedBytes += part.endOffset - part.offset;
    } else {
      tailOffset = part.offset;
    }
  }
  return {
    keptBytes,
    nextSequence,
    cutBytes: bytes.length - tailOffset,
    cutRecords: countBegunRecords(bytes, tailOffset),
    damagedBytes,
  };
}

function countBegunRecords(bytes: Buffer, tailOffset: number): number {
  let count = 0;
  let offset = tailOffset;
  while (offset < bytes.length) {
    count += 1;
    if (offset + FRAME_OVERHEAD_BYTES > bytes.length) break;
    offset += FRAME_OVERHEAD_BYTES + bytes.readUInt32LE(offset);
  }
  return count;
}

/** Always flushes: a killed writer may have left acknowledged frames in the page cache only. */
async function truncateAndSync(path: string, keptBytes: number, files: LogFiles): Promise<void> {
  const file = await files.openExisting(path);
  try {
    await file.truncate(keptBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
