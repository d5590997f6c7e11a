/**
 * The embedded event log: append-only, checksummed segments in one folder (format: segment-format.ts, guarantees:
 * docs/events.md). One batch is one write; the caller groups events into batches.
 */
import { join } from 'node:path';
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { type EventLog, EventLogError } from '../../engine/ports/event-log.ts';
import { lockFolder } from './folder-lock.ts';
import { type LogFile, type LogFiles, nodeLogFiles } from './log-files.ts';
import { type ClosedSegment, type LogRecovery, listSegments, recoverLastSegment } from './recover-segments.ts';
import {
  encodedBytes,
  encodeFrames,
  encodeHeader,
  firstSequenceOf,
  HEADER_BYTES,
  PAYLOAD_BYTES_MAX,
  segmentName,
} from './segment-format.ts';

export interface EmbeddedEventLogOptions {
  /** Folder of the segments; created when missing. One process at a time may write to it. */
  readonly folder: string;
  readonly timers: Timers;
  /** A segment is closed before a batch would take it above this. A batch is never split. */
  readonly segmentBytes?: number;
  /** All segments together never take more than this. At least two segments. */
  readonly totalBytesMax?: number;
  /** At `totalBytesMax`: remove the oldest closed segments (counted in `stats`), or reject appends with `full`. */
  readonly retention?: 'remove-oldest' | 'refuse';
  /** Events from this sequence on are still wanted elsewhere: retention keeps them, and refuses instead. Default: none are. */
  readonly keptFrom?: () => number;
  /** Longest time an acknowledged batch waits for the device (what a power loss may take); 0 = flush before acknowledging. */
  readonly syncIntervalMs?: number;
  /** Stands in for the file system in tests and worlds, and for its locks: rejects as `lockFolder`. */
  readonly files?: LogFiles;
  readonly lock?: (folder: string) => Promise<() => Promise<void>>;
}

export interface EmbeddedEventLogStats {
  readonly nextSequence: number;
  readonly totalBytes: number;
  readonly removedSegments: number;
  readonly removedBytes: number;
}

export interface EmbeddedEventLog extends EventLog {
  readonly recovery: LogRecovery;
  /**
   * Closes the open segment and begins another, so that all events before are in files that nobody appends to. Appends that
   * come meanwhile wait. Resolves to the sequence that the new segment begins with; rejects as `append` does.
   */
  readonly rotate: () => Promise<number>;
  readonly stats: () => EmbeddedEventLogStats;
}

const MIB = 1024 * 1024;
export const EVENT_LOG_DEFAULTS = {
  segmentBytes: 64 * MIB,
  totalBytesMax: 4096 * MIB,
  retention: 'remove-oldest',
  syncIntervalMs: 1000,
  keptFrom: () => Number.POSITIVE_INFINITY,
} as const;

/**
 * Locks the folder, mends the last segment and starts a new one behind it: a file that another run wrote, or that
 * failed to flush, is never appended to again.
 *
 * Rejects with `FolderLockedError`, `UnknownSegmentFormatError`, `EventLogError` (`io`, `full`), or `RangeError` for
 * sizes that cannot work.
 */
export async function openEventLog(options: EmbeddedEventLogOptions): Promise<EmbeddedEventLog> {
  const settings: Settings = { ...EVENT_LOG_DEFAULTS, files: nodeLogFiles, lock: lockFolder, ...options };
  if (settings.totalBytesMax < 2 * settings.segmentBytes) throw new RangeError('totalBytesMax must hold two segments');
  const { folder, files, lock } = settings;
  await orIoError('open', files.makeFolder(folder));
  const unlock = await lock(folder);
  try {
    const recovery = await recoverLastSegment(folder, files);
    const log = new SegmentedLog(settings, recovery, unlock);
    await log.start();
    return log;
  } catch (error) {
    await unlock();
    if (error instanceof Error && 'syscall' in error) throw ioError('open', error);
    throw error;
  }
}

type Settings = Required<EmbeddedEventLogOptions>;

class SegmentedLog implements EmbeddedEventLog {
  readonly recovery: LogRecovery;
  readonly #settings: Settings;
  readonly #unlock: () => Promise<void>;
  #closed: ClosedSegment[] = [];
  #closedBytes = 0;
  #file: LogFile | null = null;
  #fileBytes = 0;
  /** First of the open segment. */
  #fileSequence: number;
  #nextSequence: number;
  #removedSegments = 0;
  #removedBytes = 0;
  #state: 'open' | 'failed' | 'closing' = 'open';
  #failure: EventLogError | null = null;
  #appending: Promise<void> | null = null;
  #rotating: Promise<unknown> | null = null;
  #syncTimer: TimerHandle | null = null;
  #syncing: Promise<void> | null = null;

  constructor(settings: Settings, recovery: LogRecovery, unlock: () => Promise<void>) {
    this.#settings = settings;
    this.recovery = recovery;
    this.#unlock = unlock;
    this.#nextSequence = recovery.nextSequence;
    this.#fileSequence = recovery.nextSequence;
  }

  async start(): Promise<void> {
    await this.#listClosedSegments();
    await this.#makeRoom(HEADER_BYTES).catch((error: unknown) => {
      // What fills it up can only be handed on by whoever opens it; a header above the bound is its price.
      if (!Number.isFinite(this.#settings.keptFrom())) throw error;
    });
    await this.#startSegment();
  }

  readonly append = (records: readonly Uint8Array[]): Promise<void> => {
    if (this.#state === 'closing') return Promise.reject(new EventLogError('closed', 'the event log is closed'));
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#appending !== null) return Promise.reject(new Error('append called while another append is under way'));
    if (this.#rotating !== null) return this.#rotating.then(() => this.append(records));
    if (records.some((record) => record.byteLength > PAYLOAD_BYTES_MAX)) {
      return Promise.reject(new RangeError(`a record is longer than ${PAYLOAD_BYTES_MAX} bytes`));
    }
    if (records.length === 0) return Promise.resolve();
    const appending = this.#appendBatch(records).finally(() => {
      this.#appending = null;
    });
    this.#appending = appending;
    return appending;
  };

  readonly rotate = async (): Promise<number> => {
    // The caller of that append has its outcome; here only its end matters.
    while (this.#appending !== null || this.#rotating !== null)
      await (this.#appending ?? this.#rotating)?.catch(() => {});
    if (this.#state === 'closing') throw new EventLogError('closed', 'the event log is closed');
    if (this.#failure !== null) throw this.#failure;
    const rotating = this.#rotateNow();
    this.#rotating = rotating
      .catch(() => {})
      .finally(() => {
        this.#rotating = null;
      });
    return rotating;
  };

  readonly close = async (): Promise<void> => {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    await this.#rotating;
    // The caller of that append has its outcome; here only its end matters.
    await this.#appending?.catch(() => {});
    this.#cancelSyncTimer();
    try {
      await this.#syncing;
      await this.#closeSegment();
    } finally {
      await this.#unlock();
    }
  };

  readonly stats = (): EmbeddedEventLogStats => ({
    nextSequence: this.#nextSequence,
    totalBytes: this.#closedBytes + this.#fileBytes,
    removedSegments: this.#removedSegments,
    removedBytes: this.#removedBytes,
  });

  async #appendBatch(records: readonly Uint8Array[]): Promise<void> {
    const batchBytes = encodedBytes(records);
    try {
      if (this.#fileBytes > HEADER_BYTES && this.#fileBytes + batchBytes > this.#settings.segmentBytes)
        await this.#rotate();
      await this.#makeRoom(batchBytes);
      await this.#write(encodeFrames(records, this.#nextSequence));
      this.#nextSequence += records.length;
      await this.#arrangeSync();
    } catch (error) {
      throw error instanceof EventLogError ? error : this.#fail('append', error);
    }
  }

  async #rotateNow(): Promise<number> {
    try {
      if (this.#fileBytes > HEADER_BYTES) await this.#rotate();
      return this.#fileSequence;
    } catch (error) {
      throw error instanceof EventLogError ? error : this.#fail('rotate', error);
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    const file = this.#openFile();
    let written = 0;
    // One write in practice; a short write (a disk about to be full) is followed by one that tells the error.
    while (written < bytes.length) {
      const count = await file.write(written === 0 ? bytes : bytes.subarray(written), this.#fileBytes);
      if (count <= 0) throw new Error('the file system accepted no bytes');
      written += count;
      this.#fileBytes += count;
    }
  }

  async #rotate(): Promise<void> {
    this.#cancelSyncTimer();
    await this.#syncing;
    if (this.#failure !== null) throw this.#failure;
    await this.#makeRoom(HEADER_BYTES);
    await this.#closeSegment();
    await this.#listClosedSegments();
    await this.#startSegment();
  }

  async #startSegment(): Promise<void> {
    const { folder, files } = this.#settings;
    const file = await files.create(join(folder, segmentName(this.#nextSequence)));
    this.#file = file;
    this.#fileBytes = 0;
    this.#fileSequence = this.#nextSequence;
    try {
      await this.#write(encodeHeader(this.#nextSequence));
      await files.syncFolder(folder);
    } catch (error) {
      // A log that fails to open has nobody to close it, and is opened again and again.
      this.#file = null;
      await file.close();
      throw error;
    }
  }

  async #closeSegment(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    try {
      // After a failure the file is only let go: a second flush may report success for bytes the first one lost.
      if (this.#failure === null) await file.datasync();
    } catch (error) {
      throw this.#fail('fdatasync', error);
    } finally {
      await file.close();
    }
  }

  /** Frees space for `bytes` more, or throws `full`. Looks at the folder only when the books say it is needed. */
  async #makeRoom(bytes: number): Promise<void> {
    const { folder, files, totalBytesMax, retention } = this.#settings;
    const exceeds = () => this.#closedBytes + this.#fileBytes + bytes > totalBytesMax;
    if (!exceeds()) return;
    // Someone may have archived and removed closed segments meanwhile.
    await this.#listClosedSegments();
    while (exceeds() && retention === 'remove-oldest') {
      if (!this.#isOldestDone()) break;
      const oldest = this.#closed.shift()!;
      await files.remove(join(folder, oldest.name));
      this.#closedBytes -= oldest.sizeBytes;
      this.#removedSegments += 1;
      this.#removedBytes += oldest.sizeBytes;
    }
    if (exceeds()) throw new EventLogError('full', `the event log has reached its bound of ${totalBytesMax} bytes`);
  }

  /** Whether there is an oldest closed segment that nobody wants any more: the one behind it begins where it ends. */
  #isOldestDone(): boolean {
    if (this.#closed.length === 0) return false;
    const following = this.#closed[1];
    const endSequence = following === undefined ? this.#fileSequence : firstSequenceOf(following.name)!;
    return endSequence <= this.#settings.keptFrom();
  }

  async #listClosedSegments(): Promise<void> {
    const segments = await listSegments(this.#settings.folder, this.#settings.files);
    if (this.#file !== null) segments.pop();
    this.#closed = segments;
    this.#closedBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  async #arrangeSync(): Promise<void> {
    if (this.#settings.syncIntervalMs === 0) {
      await this.#openFile().datasync();
    } else if (this.#syncTimer === null) {
      this.#syncTimer = this.#settings.timers.schedule(this.#settings.syncIntervalMs, () => this.#startSync());
    }
  }

  #startSync(): void {
    this.#syncTimer = null;
    const file = this.#file;
    if (file === null || this.#syncing !== null) return;
    this.#syncing = file
      .datasync()
      .catch((error: unknown) => {
        this.#fail('fdatasync', error);
      })
      .finally(() => {
        this.#syncing = null;
      });
  }

  #cancelSyncTimer(): void {
    if (this.#syncTimer !== null) this.#settings.timers.cancel(this.#syncTimer);
    this.#syncTimer = null;
  }

  #openFile(): LogFile {
    if (this.#file === null) throw new Error('no segment is open');
    return this.#file;
  }

  /** From here on every append rejects: what the file holds behind its last good frame is unknown. */
  #fail(operation: string, cause: unknown): EventLogError {
    this.#failure ??= ioError(operation, cause);
    this.#cancelSyncTimer();
    return this.#failure;
  }
}

async function orIoError<T>(operation: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw ioError(operation, error);
  }
}

function ioError(operation: string, cause: unknown): EventLogError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new EventLogError('io', `event log ${operation} failed: ${detail}`, { cause });
}
