/** Reads the segments of an event log, also while a writer appends to them. */
import { join } from 'node:path';
import { type LogFiles, nodeLogFiles } from './log-files.ts';
import { UnknownSegmentFormatError } from './recover-segments.ts';
import { checkHeader, FIRST_SEQUENCE, firstSequenceOf, HEADER_BYTES, scanSegment } from './segment-format.ts';

export interface StoredEvent {
  readonly sequence: number;
  /** A view into the segment's buffer: copy it to keep it beyond the next few events. */
  readonly payload: Uint8Array;
}

/** What a reader met on its way; it always goes on behind it. */
export type LogProblem =
  /** Bytes of a segment that do not verify; `records` is how many sequences are missing because of it. */
  | {
      readonly kind: 'damage';
      readonly segment: string;
      readonly offset: number;
      readonly bytes: number;
      readonly records: number;
    }
  /** The segment's header does not verify; its frames are read nevertheless. */
  | { readonly kind: 'damaged-header'; readonly segment: string }
  /** Sequences that no segment holds: removed by retention, or the end of a segment was lost. */
  | { readonly kind: 'gap'; readonly fromSequence: number; readonly toSequence: number };

/** How many events it means that nobody will read. */
export function missingEvents(problem: LogProblem): number {
  if (problem.kind === 'damage') return problem.records;
  return problem.kind === 'gap' ? problem.toSequence - problem.fromSequence + 1 : 0;
}

export interface ReadEventsOptions {
  /** First sequence wanted; default: the oldest that is there. */
  readonly fromSequence?: number;
  readonly onProblem?: (problem: LogProblem) => void;
  readonly files?: Pick<LogFiles, 'list' | 'read'>;
}

/**
 * Events in order, each once. Ends at the last whole frame that is there now: an unfinished frame at the very end is a
 * write under way (or torn) and is no problem. Holds one segment in memory at a time.
 *
 * Rejects with `UnknownSegmentFormatError` for a newer format, and with the system error when a file cannot be read.
 */
export async function* readEvents(
  folder: string,
  options: ReadEventsOptions = {},
): AsyncGenerator<StoredEvent, void, undefined> {
  const { files = nodeLogFiles, onProblem = () => {} } = options;
  const cursor: Cursor = {
    next: options.fromSequence === undefined ? null : Math.max(options.fromSequence, FIRST_SEQUENCE),
    onProblem,
  };
  let names = await segmentNames(folder, files, cursor.next);
  while (names.length > 0) {
    const current = names.shift()!;
    if (names.length > 0) {
      yield* readSegment(folder, current, { files, cursor, isLast: false });
      continue;
    }
    yield* readSegment(folder, current, { files, cursor, isLast: true });
    // The writer may have rotated while we read: then finish this one and go on.
    names = await segmentNames(folder, files, cursor.next);
    if (names.at(-1) === current || names.length === 0) return;
  }
}

/**
 * Events from the newest back, as far as they verify; what is damaged is passed over. Holds one segment in memory at a
 * time. Rejects as `readEvents` does.
 */
export async function* readNewestEvents(
  folder: string,
  files: Pick<LogFiles, 'list' | 'read'> = nodeLogFiles,
): AsyncGenerator<StoredEvent, void, undefined> {
  const names = await segmentNames(folder, files, null);
  for (const name of names.reverse()) {
    const bytes = await readUnlessRemoved(join(folder, name), files);
    if (bytes === null) continue;
    if (checkHeader(bytes) === 'newer') throw new UnknownSegmentFormatError(join(folder, name));
    const events: StoredEvent[] = [];
    for (const part of scanSegment(bytes, firstSequenceOf(name)!)) if (part.kind === 'frame') events.push(part);
    yield* events.reverse();
  }
}

interface Cursor {
  /** Next sequence wanted; null until the first event tells. */
  next: number | null;
  readonly onProblem: (problem: LogProblem) => void;
}

/** Segments that can hold `fromSequence` or anything behind it, oldest first. */
async function segmentNames(
  folder: string,
  files: Pick<LogFiles, 'list'>,
  fromSequence: number | null,
): Promise<string[]> {
  const names = (await files.list(folder)).filter((name) => firstSequenceOf(name) !== null).sort();
  const isBehind = (name: string | undefined) =>
    fromSequence !== null && name !== undefined && firstSequenceOf(name)! <= fromSequence;
  while (isBehind(names[1])) names.shift();
  return names;
}

interface SegmentReading {
  readonly files: Pick<LogFiles, 'read'>;
  readonly cursor: Cursor;
  /** The segment a writer may be appending to: an unfinished end is no problem there. */
  readonly isLast: boolean;
}

async function* readSegment(
  folder: string,
  name: string,
  reading: SegmentReading,
): AsyncGenerator<StoredEvent, void, undefined> {
  const { cursor, isLast } = reading;
  const bytes = await readUnlessRemoved(join(folder, name), reading.files);
  if (bytes === null) return;
  const header = checkHeader(bytes);
  if (header === 'newer') throw new UnknownSegmentFormatError(join(folder, name));
  const isUnfinished = isLast && bytes.length < HEADER_BYTES;
  if (header === 'damaged' && !isUnfinished) cursor.onProblem({ kind: 'damaged-header', segment: name });
  let expected = firstSequenceOf(name)!;
  let damage: { offset: number; endOffset: number } | null = null;
  for (const part of scanSegment(bytes, expected)) {
    if (part.kind === 'frame') {
      if (damage !== null) report(cursor, name, damage, part.sequence - expected);
      damage = null;
      expected = part.sequence + 1;
      yield* deliver(cursor, part.sequence, part.payload);
    } else if (part.kind === 'damage') {
      damage = part;
    } else if (!isLast) {
      // How many records the lost end held shows as a gap before the next segment.
      report(cursor, name, part, 0);
    }
  }
}

function* deliver(cursor: Cursor, sequence: number, payload: Uint8Array): Generator<StoredEvent, void, undefined> {
  if (cursor.next !== null && sequence < cursor.next) return;
  if (cursor.next !== null && sequence > cursor.next) {
    cursor.onProblem({ kind: 'gap', fromSequence: cursor.next, toSequence: sequence - 1 });
  }
  cursor.next = sequence + 1;
  yield { sequence, payload };
}

/** The sequences lost inside a segment are part of its damage, so they are not reported as a gap once more. */
function report(cursor: Cursor, segment: string, damage: { offset: number; endOffset: number }, records: number): void {
  const { offset, endOffset } = damage;
  cursor.onProblem({ kind: 'damage', segment, offset, bytes: endOffset - offset, records });
  if (cursor.next !== null) cursor.next += records;
}

/** Retention may remove a segment between listing and reading; the gap shows at the next event. */
async function readUnlessRemoved(path: string, files: Pick<LogFiles, 'read'>): Promise<Buffer | null> {
  try {
    return await files.read(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
