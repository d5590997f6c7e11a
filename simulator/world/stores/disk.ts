/**
 * The disk of a process of a world, for its event log. It outlives the process: what a write has been acknowledged for is there for the
 * next life, and a write that was under way when the process was killed may be there in part. The machine never loses its power.
 */
import { dirname } from 'node:path/posix';
import type { OutsideDisk } from '../../../compose.ts';
import type { Timers } from '../../../engine/ports/clock.ts';
import type { Random } from '../../../engine/ports/random.ts';

type LogFiles = OutsideDisk['files'];
type LogFile = Awaited<ReturnType<LogFiles['create']>>;
type ReadLogFile = Awaited<ReturnType<LogFiles['openToRead']>>;

export interface DiskOptions {
  /** No other disk's. */
  readonly id: string;
  readonly capacityBytes: number;
  /** For what of a write is there when its process is killed. */
  readonly random: Random;
}

/** What is wrong with it now. */
export interface DiskFaults {
  /** No byte more is taken. */
  isFull: boolean;
  /** The device says that it has lost what was to be flushed. */
  failsToSync: boolean;
  failsToWrite: boolean;
  /** Everything that is written or flushed takes so many times as long. */
  slower: number;
}

interface FileContent {
  bytes: Buffer;
  sizeBytes: number;
}

/** A write that its process has not been told the end of. */
interface WriteUnderWay {
  readonly file: FileContent;
  readonly bytes: Uint8Array;
  readonly position: number;
}

const WRITE_MS = 0.1;
const SYNC_MS = 1;
const FIRST_BYTES = 4096;

export class MemoryDisk {
  readonly faults: DiskFaults = { isFull: false, failsToSync: false, failsToWrite: false, slower: 1 };
  readonly #options: DiskOptions;
  /** By path. */
  readonly #files = new Map<string, FileContent>();
  readonly #folders = new Set<string>();
  #locks = new Set<string>();
  #underWay = new Set<WriteUnderWay>();
  #usedBytes = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** For the next life of its process, whose last one is over. */
  mount(timers: Timers): OutsideDisk {
    for (const write of this.#underWay) this.#tear(write);
    this.#underWay = new Set();
    this.#locks = new Set();
    return { id: this.#options.id, files: this.#filesFor(timers), lock: (folder) => this.#lock(folder) };
  }

  /** As it is now, for those who look at a world from outside. */
  get contents(): Pick<LogFiles, 'list' | 'read'> {
    const list = (path: string): string[] => (this.#folders.has(path) ? this.#list(path) : []);
    return { list: async (path) => list(path), read: async (path) => this.#read(path) };
  }

  #filesFor(timers: Timers): LogFiles {
    const takes = (ms: number): Promise<void> =>
      new Promise((resolve) => timers.schedule(ms * this.faults.slower, resolve));
    return {
      makeFolder: async (path) => void this.#folders.add(path),
      syncFolder: async (path) => {
        await takes(SYNC_MS);
        this.#sync(path);
      },
      list: async (path) => this.#list(path),
      sizeBytes: async (path) => this.#find(path, 'stat').sizeBytes,
      read: async (path) => this.#read(path),
      openToRead: async (path) => reading(this.#find(path, 'open')),
      create: async (path) => {
        await takes(WRITE_MS);
        return this.#writing(path, this.#create(path), takes);
      },
      openExisting: async (path) => this.#writing(path, this.#find(path, 'open'), takes),
      remove: async (path) => {
        await takes(WRITE_MS);
        this.#usedBytes -= this.#find(path, 'unlink').sizeBytes;
        this.#files.delete(path);
      },
    };
  }

  #writing(path: string, file: FileContent, takes: (ms: number) => Promise<void>): LogFile {
    return {
      write: async (bytes, position) => {
        // The caller may use its buffer again as soon as it is told; until then it is not touched.
        const write = { file, bytes, position };
        this.#underWay.add(write);
        await takes(WRITE_MS);
        this.#underWay.delete(write);
        return this.#write(path, write);
      },
      truncate: async (lengthBytes) => {
        await takes(WRITE_MS);
        this.#usedBytes -= Math.max(0, file.sizeBytes - lengthBytes);
        file.sizeBytes = Math.min(file.sizeBytes, lengthBytes);
      },
      datasync: async () => {
        await takes(SYNC_MS);
        this.#sync(path);
      },
      close: async () => {},
    };
  }

  #sync(path: string): void {
    if (this.faults.failsToSync) throw systemError('EIO', 'fdatasync', path);
  }

  /** Resolves to how many bytes there was room for. */
  #write(path: string, { file, bytes, position }: WriteUnderWay): number {
    if (this.faults.failsToWrite) throw systemError('EIO', 'write', path);
    const room = this.faults.isFull ? 0 : this.#options.capacityBytes - this.#usedBytes;
    const length = Math.min(bytes.byteLength, Math.max(0, file.sizeBytes - position) + room);
    if (length === 0 && bytes.byteLength > 0) throw systemError('ENOSPC', 'write', path);
    this.#put(file, bytes.subarray(0, length), position);
    return length;
  }

  #put(file: FileContent, bytes: Uint8Array, position: number): void {
    const endBytes = position + bytes.byteLength;
    if (endBytes > file.bytes.length) {
      const grown = Buffer.alloc(Math.max(endBytes, 2 * file.bytes.length));
      file.bytes.copy(grown, 0, 0, file.sizeBytes);
      file.bytes = grown;
    }
    // What was cut off before stands there no more.
    if (position > file.sizeBytes) file.bytes.fill(0, file.sizeBytes, position);
    file.bytes.set(bytes, position);
    this.#usedBytes += Math.max(0, endBytes - file.sizeBytes);
    file.sizeBytes = Math.max(file.sizeBytes, endBytes);
  }

  #tear({ file, bytes, position }: WriteUnderWay): void {
    if (this.faults.failsToWrite || this.faults.isFull) return;
    const length = Math.floor(this.#options.random() * (bytes.byteLength + 1));
    if (length > 0) this.#put(file, bytes.subarray(0, length), position);
  }

  #create(path: string): FileContent {
    if (this.#files.has(path)) throw systemError('EEXIST', 'open', path);
    if (!this.#folders.has(dirname(path))) throw systemError('ENOENT', 'open', path);
    const file = { bytes: Buffer.alloc(FIRST_BYTES), sizeBytes: 0 };
    this.#files.set(path, file);
    return file;
  }

  #list(folder: string): string[] {
    if (!this.#folders.has(folder)) throw systemError('ENOENT', 'scandir', folder);
    const names: string[] = [];
    for (const path of this.#files.keys()) if (dirname(path) === folder) names.push(path.slice(folder.length + 1));
    return names;
  }

  #read(path: string): Buffer {
    const { bytes, sizeBytes } = this.#find(path, 'open');
    return Buffer.from(bytes.subarray(0, sizeBytes));
  }

  #find(path: string, syscall: string): FileContent {
    const file = this.#files.get(path);
    if (file === undefined) throw systemError('ENOENT', syscall, path);
    return file;
  }

  async #lock(folder: string): Promise<() => Promise<void>> {
    if (this.#locks.has(folder)) throw new Error(`${folder} is in use by this process`);
    const locks = this.#locks.add(folder);
    return async () => void locks.delete(folder);
  }
}

function reading(file: FileContent): ReadLogFile {
  return {
    sizeBytes: async () => file.sizeBytes,
    read: async (target, position) => {
      const bytes = file.bytes
        .subarray(Math.min(position, file.sizeBytes), file.sizeBytes)
        .subarray(0, target.byteLength);
      target.set(bytes);
      return bytes.byteLength;
    },
    close: async () => {},
  };
}

function systemError(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });
}
