/**
 * Follows an event log while a writer appends to it: a part of a segment at a time, from where the last part ended. A
 * segment is read by its name anew each time, since the writer may make a file of the same name again.
 */
import { join } from 'node:path';
import { type LogFiles, nodeLogFiles, type ReadLogFile } from './log-files.ts';
import type { LogProblem, StoredEvent } from './reader.ts';
import { UnknownSegmentFormatError } from './recover-segments.ts';
import {
  checkHeader,
  FIRST_SEQUENCE,
  FRAME_OVERHEAD_BYTES,
  findFrame,
  firstSequenceOf,
  frameBytesAt,
  frameSequenceAt,
  HEADER_BYTES,
  isFrameAt,
} from './segment-format.ts';

export interface SegmentTailOptions {
  readonly folder: string;
  /** First sequence wanted; null: the oldest that is there. */
  readonly fromSequence: number | null;
  readonly onProblem: (problem: LogProblem) => void;
  /** Stands in for the file system in worlds. */
  readonly files?: Pick<LogFiles, 'list' | 'openToRead'>;
}

interface Part {
  readonly events: StoredEvent[];
  /** Bytes that it has gone on by. */
  readonly passedBytes: number;
}

const NOTHING: Part = { events: [], passedBytes: 0 };

export class SegmentTail {
  readonly #folder: string;
  readonly #onProblem: (problem: LogProblem) => void;
  readonly #files: Pick<LogFiles, 'list' | 'openToRead'>;
  #next: number | null;
  #segment: string | null = null;
  /** In that segment; what is before it has been read. */
  #offset = 0;
  /** Of that segment, when the last read began. */
  #size = 0;
  /** Sequence of the frame there, if nothing is missing. */
  #expected = FIRST_SEQUENCE;

  constructor({ folder, fromSequence, onProblem, files = nodeLogFiles }: SegmentTailOptions) {
    this.#folder = folder;
    this.#files = files;
    this.#onProblem = onProblem;
    this.#next = fromSequence;
  }

  /** Sequence of the next event; null until the first has been read where none was named. */
  get next(): number | null {
    return this.#next;
  }

  /** The log has lost what was from here on, and writes it anew. Not while a read is under way. */
  rewindTo(sequence: number): void {
    if (this.#next === null || this.#next <= sequence) return;
    this.#next = sequence;
    this.#segment = null;
  }

  /**
   * The next events, from about `bytesMax` bytes of a segment; at least one where there is one. None: there are no more for
   * now. What does not verify and has been followed by something that does is reported and passed over.
   *
   * Rejects with `UnknownSegmentFormatError`, or with the system's error; the next call tries again.
   */
  async read(bytesMax: number): Promise<readonly StoredEvent[]> {
    for (;;) {
      if (this.#segment === null && !this.#enter(await this.#names())) return [];
      const events = await this.#readSegment(bytesMax, false);
      if (events.length > 0) return events;
      // Behind a later segment nobody appends to this one, so what is in it now is all.
      const names = await this.#names();
      if (names.at(-1) === this.#segment) return [];
      const last = await this.#readSegment(bytesMax, true);
      if (last.length > 0) return last;
      if (!this.#leave(names)) return [];
    }
  }

  /** Whether the last read has come to where the log ended when it began. Not while one is under way. */
  async isAtEnd(): Promise<boolean> {
    return this.#offset >= this.#size && (await this.#names()).at(-1) === this.#segment;
  }

  async #names(): Promise<string[]> {
    return (await this.#files.list(this.#folder)).filter((name) => firstSequenceOf(name) !== null).sort();
  }

  /** The segment that may hold the next event, else the first behind it. */
  #enter(names: readonly string[]): boolean {
    const next = this.#next;
    const name = next === null ? names[0] : (names.findLast((each) => firstSequenceOf(each)! <= next) ?? names[0]);
    if (name === undefined) return false;
    this.#begin(name);
    return true;
  }

  #leave(names: readonly string[]): boolean {
    const following = names.find((name) => name > this.#segment!);
    if (following === undefined) return false;
    this.#begin(following);
    return true;
  }

  #begin(name: string): void {
    this.#segment = name;
    this.#offset = 0;
    this.#expected = firstSequenceOf(name)!;
  }

  async #readSegment(bytesMax: number, isFinal: boolean): Promise<readonly StoredEvent[]> {
    const path = join(this.#folder, this.#segment!);
    const file = await this.#openUnlessRemoved(path);
    if (file === null) return [];
    try {
      const size = await file.sizeBytes();
      this.#size = size;
      if (this.#offset === 0 && !(await this.#passHeader(file, path, size))) return [];
      for (;;) {
        const { events, passedBytes } = await this.#readPart(file, size, { bytesMax, isFinal });
        if (events.length > 0 || passedBytes === 0) return events;
      }
    } finally {
      await file.close();
    }
  }

  async #openUnlessRemoved(path: string): Promise<ReadLogFile | null> {
    try {
      return await this.#files.openToRead(path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  async #passHeader(file: ReadLogFile, path: string, size: number): Promise<boolean> {
    if (size < HEADER_BYTES) return false;
    const header = checkHeader(await readBytes(file, 0, HEADER_BYTES));
    if (header === 'newer') throw new UnknownSegmentFormatError(path);
    if (header === 'damaged') this.#onProblem({ kind: 'damaged-header', segment: this.#segment! });
    this.#offset = HEADER_BYTES;
    return true;
  }

  async #readPart(
    file: ReadLogFile,
    size: number,
    { bytesMax, isFinal }: { readonly bytesMax: number; readonly isFinal: boolean },
  ): Promise<Part> {
    const restBytes = size - this.#offset;
    let length = Math.min(bytesMax, restBytes);
    while (length > 0) {
      const bytes = await readBytes(file, this.#offset, length);
      const part = this.#takeFrames(bytes);
      if (part.passedBytes > 0) return part;
      // It is longer than what was read, or it does not verify: then all that is there tells how it goes on.
      const frameBytes = frameBytesAt(bytes, 0);
      const isCut = bytes.length < FRAME_OVERHEAD_BYTES || (frameBytes !== null && frameBytes > bytes.length);
      if (length === restBytes) return this.#passDamage(bytes, isFinal);
      length = isCut && frameBytes !== null ? Math.min(frameBytes, restBytes) : restBytes;
    }
    return NOTHING;
  }

  /** Frames from the start on, as far as they verify. */
  #takeFrames(bytes: Buffer): Part {
    const events: StoredEvent[] = [];
    let offset = 0;
    for (;;) {
      const frameBytes = frameBytesAt(bytes, offset);
      if (frameBytes === null || !isFrameAt(bytes, offset, this.#expected, this.#sequenceMax(bytes))) break;
      const sequence = frameSequenceAt(bytes, offset);
      this.#takeEvent(events, sequence, bytes.subarray(offset + FRAME_OVERHEAD_BYTES, offset + frameBytes));
      offset += frameBytes;
    }
    this.#offset += offset;
    return { events, passedBytes: offset };
  }

  #takeEvent(events: StoredEvent[], sequence: number, payload: Buffer): void {
    this.#expected = sequence + 1;
    const next = this.#next;
    if (next !== null && sequence < next) return;
    if (next !== null && sequence > next) {
      this.#onProblem({ kind: 'gap', fromSequence: next, toSequence: sequence - 1 });
    }
    this.#next = sequence + 1;
    events.push({ sequence, payload });
  }

  /** Goes on to the next frame that verifies. Without one, what is there is being written, unless nobody writes here any more. */
  #passDamage(bytes: Buffer, isFinal: boolean): Part {
    const found = findFrame(bytes, 1, this.#expected, this.#sequenceMax(bytes));
    if (found === -1 && !isFinal) return NOTHING;
    const passedBytes = found === -1 ? bytes.length : found;
    const records = found === -1 ? 0 : frameSequenceAt(bytes, found) - this.#expected;
    this.#onProblem({
      kind: 'damage',
      segment: this.#segment!,
      offset: this.#offset,
      bytes: passedBytes,
      records,
    });
    this.#offset += passedBytes;
    this.#expected += records;
    // They are part of the damage, and no gap besides.
    if (this.#next !== null) this.#next = Math.max(this.#next, this.#expected);
    return { events: [], passedBytes };
  }

  /** Every frame takes at least its overhead. */
  #sequenceMax(bytes: Buffer): number {
    return this.#expected + Math.floor(bytes.length / FRAME_OVERHEAD_BYTES);
  }
}

async function readBytes(file: ReadLogFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const bytesRead = await file.read(filled === 0 ? bytes : bytes.subarray(filled), position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
