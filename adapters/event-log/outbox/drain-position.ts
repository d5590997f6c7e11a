/**
 * How far an event log has been handed on, in a file beside its segments: written in place after each acknowledged batch,
 * into two slots in turn, so that one of them is whole whenever the process is killed. Only the log's id is flushed: an older
 * position makes duplicates, which consumers know by their id, as long as that is the same.
 *
 * A slot, little-endian: crc32 u32 of what follows | how many were written before u64 | next sequence u64, 0: nothing has been
 * handed on | wall clock u64, epoch ms | log id, 16 bytes. The one with more before it is the newer: neither sequences nor clocks
 * only rise.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type LogFile, type LogFiles, nodeLogFiles } from '../log-files.ts';

const FILE_NAME = 'outbox.position';
const LOG_ID_BYTES = 16;
const SLOT_BYTES = 4 + 8 + 8 + 8 + LOG_ID_BYTES;
/** Apart, so that one torn write cannot spoil both. */
const SLOT_OFFSETS = [0, 512] as const;

export interface Position {
  /** Of the next event to hand on. */
  readonly nextSequence: number;
  /** When it was written, epoch ms. What waits behind it is no older. */
  readonly atMs: number;
}

export interface OpenPositionOptions {
  readonly folder: string;
  /** 32 hex digits that no other log has. */
  readonly newLogId: () => string;
  /** Sequence that the log gives next: what is behind it has never been. */
  readonly logNextSequence: number;
  /** Stands in for the file system in worlds. */
  readonly files?: LogFiles;
}

export class DrainPosition {
  readonly #file: LogFile;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  #turnCount: number;
  #current: Position | null;
  #logId: string;
  readonly #newLogId: () => string;

  private constructor(file: LogFile, read: SlotRead | null, newLogId: () => string) {
    this.#file = file;
    this.#turnCount = read === null ? 0 : read.turnCount + 1;
    this.#current = read?.position ?? null;
    this.#logId = read?.logId ?? newLogId();
    this.#newLogId = newLogId;
  }

  /** Rejects with the system's error. */
  static async open(options: OpenPositionOptions): Promise<DrainPosition> {
    const { folder, newLogId, logNextSequence, files = nodeLogFiles } = options;
    const path = join(folder, FILE_NAME);
    const file = await files.openExisting(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return files.create(path);
    });
    const bytes = await files.read(path);
    const slots = SLOT_OFFSETS.map((offset) => readSlot(bytes, offset));
    const newest = slots.reduce((a, b) => (a === null || (b !== null && a.turnCount < b.turnCount) ? b : a));
    const position = new DrainPosition(file, newest, newLogId);
    if (newest === null) {
      await position.#begin();
      await files.syncFolder(folder);
    }
    await position.rewindTo(logNextSequence);
    return position;
  }

  /** Of the log as long as its sequences go on; part of every event's id. */
  get logId(): string {
    return this.#logId;
  }

  /** Null: nothing has been handed on. */
  get current(): Position | null {
    return this.#current;
  }

  /**
   * The log goes on at this sequence. If events behind it had been handed on, the device has lost them, and others will have
   * their sequences: from here on it is another log. Rejects as `write` does.
   */
  async rewindTo(logNextSequence: number): Promise<void> {
    const current = this.#current;
    if (current === null || current.nextSequence <= logNextSequence) return;
    this.#logId = this.#newLogId();
    try {
      await this.write({ ...current, nextSequence: logNextSequence });
      await this.#file.datasync();
    } catch (error) {
      // Until it stands in the file nothing may go on from there: a restart would begin at the old place.
      this.#current = current;
      throw error;
    }
  }

  /** One call at a time. Rejects with the system's error; the position holds nevertheless, for this process. */
  async write(position: Position): Promise<void> {
    this.#current = position;
    await this.#writeSlot(position);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Before the first event goes out under its id, that stands in the file: a restart would give the same events others. */
  async #begin(): Promise<void> {
    await this.#writeSlot({ nextSequence: 0, atMs: 0 });
    await this.#file.datasync();
  }

  async #writeSlot(position: Position): Promise<void> {
    const slot = this.#slot;
    slot.writeBigUInt64LE(BigInt(this.#turnCount), 4);
    slot.writeBigUInt64LE(BigInt(position.nextSequence), 12);
    slot.writeBigUInt64LE(BigInt(Math.floor(position.atMs)), 20);
    slot.write(this.#logId, 28, 'hex');
    slot.writeUInt32LE(crc32(slot.subarray(4)), 0);
    await this.#file.write(slot, SLOT_OFFSETS[this.#turnCount % SLOT_OFFSETS.length]!);
    this.#turnCount += 1;
  }
}

interface SlotRead {
  readonly turnCount: number;
  /** Null: nothing has been handed on. */
  readonly position: Position | null;
  readonly logId: string;
}

function readSlot(bytes: Buffer, offset: number): SlotRead | null {
  const slot = bytes.subarray(offset, offset + SLOT_BYTES);
  if (slot.length < SLOT_BYTES || crc32(slot.subarray(4)) !== slot.readUInt32LE(0)) return null;
  const nextSequence = Number(slot.readBigUInt64LE(12));
  return {
    turnCount: Number(slot.readBigUInt64LE(4)),
    position: nextSequence === 0 ? null : { nextSequence, atMs: Number(slot.readBigUInt64LE(20)) },
    logId: slot.toString('hex', 28),
  };
}
