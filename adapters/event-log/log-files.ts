/**
 * The few file operations the event log needs, as an interface: tests inject disk-full and I/O errors through it.
 * Every method rejects with the system error.
 */
import { closeSync, fdatasync, ftruncate, open as openCallback, write } from 'node:fs';
import { mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const openFile = promisify(openCallback);
const writeAt = promisify(write);
const truncateTo = promisify(ftruncate);
const syncData = promisify(fdatasync);

export interface LogFile {
  /** Like pwrite(2): may write fewer bytes than given; resolves to how many. */
  readonly write: (bytes: Uint8Array, position: number) => Promise<number>;
  readonly truncate: (lengthBytes: number) => Promise<void>;
  readonly datasync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** For those who follow what is written. */
export interface ReadLogFile {
  readonly sizeBytes: () => Promise<number>;
  /** Like pread(2), into the whole of `target`: resolves to how many bytes there were, 0 at the end. */
  readonly read: (target: Uint8Array, position: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface LogFiles {
  readonly makeFolder: (path: string) => Promise<void>;
  /** Makes created and removed names in this folder survive a power loss. */
  readonly syncFolder: (path: string) => Promise<void>;
  readonly list: (path: string) => Promise<string[]>;
  readonly sizeBytes: (path: string) => Promise<number>;
  readonly read: (path: string) => Promise<Buffer>;
  readonly openToRead: (path: string) => Promise<ReadLogFile>;
  /** Fails with EEXIST when the file is there. */
  readonly create: (path: string) => Promise<LogFile>;
  /** An existing file, to repair it. */
  readonly openExisting: (path: string) => Promise<LogFile>;
  readonly remove: (path: string) => Promise<void>;
}

export const nodeLogFiles: LogFiles = {
  makeFolder: async (path) => {
    await mkdir(path, { recursive: true });
  },
  syncFolder: async (path) => {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  list: (path) => readdir(path),
  sizeBytes: async (path) => (await stat(path)).size,
  read: (path) => readFile(path),
  openToRead: async (path) => {
    const file = await open(path, 'r');
    return {
      sizeBytes: async () => (await file.stat()).size,
      read: async (target, position) => (await file.read(target, 0, target.byteLength, position)).bytesRead,
      close: () => file.close(),
    };
  },
  create: (path) => openLogFile(path, 'wx'),
  openExisting: (path) => openLogFile(path, 'r+'),
  remove: (path) => unlink(path),
};

async function openLogFile(path: string, flags: 'wx' | 'r+'): Promise<LogFile> {
  return logFileOn(await openFile(path, flags));
}

/**
 * A file by its descriptor, not by node's FileHandle, which closes in a thread: `close` has given the descriptor back when it
 * returns, so whoever counts descriptors can take it at once.
 */
export function logFileOn(descriptor: number): LogFile {
  return {
    write: async (bytes, position) => (await writeAt(descriptor, bytes, 0, bytes.byteLength, position)).bytesWritten,
    truncate: (lengthBytes) => truncateTo(descriptor, lengthBytes),
    datasync: () => syncData(descriptor),
    close: async () => closeSync(descriptor),
  };
}
