/**
 * Files that somebody else puts where we look: read whole, within a bound. Only regular ones: a pipe would never end, a
 * device would fill the memory.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Between two looks at the signal. */
const READ_BYTES = 1024 * 1024;

/**
 * All bytes of the file. Rejects for one that is not regular, has more than `bytesMax` bytes or grows meanwhile, with the
 * reason of `signal` once that is aborted, and with what the system says. Never reads more than `bytesMax + 1` bytes.
 */
export async function readBounded(path: string, bytesMax: number, signal?: AbortSignal): Promise<Buffer> {
  signal?.throwIfAborted();
  // Without O_NONBLOCK a pipe is waited for that nobody writes to.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new Error('is not a regular file');
    if (status.size > bytesMax) throw new Error(`has ${status.size} bytes, more than ${bytesMax}`);
    return await readSized(file, status.size, signal);
  } finally {
    await file.close();
  }
}

/** The size that was told is not believed: one byte more is asked for. */
async function readSized(file: FileHandle, size: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size + 1);
  let read = 0;
  while (read < bytes.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(bytes, read, Math.min(READ_BYTES, bytes.length - read));
    if (bytesRead === 0) return bytes.subarray(0, read);
    read += bytesRead;
  }
  throw new Error(`has more than the ${size} bytes that it is said to have`);
}
