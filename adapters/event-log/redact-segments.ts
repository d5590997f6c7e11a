/**
 * Rewrites segments without the keys of deleted users. Sequences, lengths and all else stay; checksums are made anew. A segment is
 * written whole under another name, flushed, and put in its place in one step, so a killed process leaves the old one or the
 * new one; readers open segments by name, at offsets that hold for both.
 */
import { open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutUserKeys } from '../../engine/privacy/without-user-key.ts';
import { inSlices } from '../in-slices.ts';
import { countInFile } from './count-in-file.ts';
import { nodeLogFiles } from './log-files.ts';
import { FRAME_OVERHEAD_BYTES, firstSequenceOf, scanSegment, sealFrame } from './segment-format.ts';

const DRAFT_SUFFIX = '.redacting';

/** Names of the segments that hold one of these keys, oldest first. Looks at bytes, whatever they mean. */
export async function segmentsWith(folder: string, keys: readonly Buffer[]): Promise<string[]> {
  const found: string[] = [];
  const names = (await readdir(folder)).filter((name) => firstSequenceOf(name) !== null).sort();
  for (const name of names) if ((await countInFile(join(folder, name), keys)) > 0) found.push(name);
  return found;
}

/** Of segments that nobody appends to; gives how many events held a key. Rejects with the system's error. */
export async function redactSegments(
  folder: string,
  names: readonly string[],
  keys: readonly Buffer[],
): Promise<number> {
  let count = 0;
  for (const name of names) count += await redactSegment(folder, name, keys);
  return count;
}

/** What a killed process has left of a rewriting that never took effect. */
export async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith(DRAFT_SUFFIX)) await unlink(join(folder, name));
}

async function redactSegment(folder: string, name: string, keys: readonly Buffer[]): Promise<number> {
  const path = join(folder, name);
  const bytes = await readUnlessRemoved(path);
  if (bytes === null) return 0;
  const count = await inSlices(redactFrames(bytes, firstSequenceOf(name)!, keys));
  await writeDraft(`${path}${DRAFT_SUFFIX}`, bytes);
  // Retention may have removed it meanwhile, and then it is not to come back.
  if (await exists(path)) await rename(`${path}${DRAFT_SUFFIX}`, path);
  else await unlink(`${path}${DRAFT_SUFFIX}`);
  await nodeLogFiles.syncFolder(folder);
  return count;
}

function* redactFrames(
  bytes: Buffer,
  firstSequence: number,
  keys: readonly Buffer[],
): Generator<undefined, number, undefined> {
  let count = 0;
  for (const part of scanSegment(bytes, firstSequence)) {
    if (part.kind !== 'frame') {
      // Bytes that verify as nothing have no checksum to keep.
      if (withoutUserKeys(bytes.subarray(part.offset, part.endOffset), keys) > 0) count += 1;
    } else if (withoutUserKeys(part.payload, keys) > 0) {
      sealFrame(bytes, part.endOffset - part.payload.length - FRAME_OVERHEAD_BYTES, part.endOffset);
      count += 1;
    }
    yield;
  }
  return count;
}

async function writeDraft(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function readUnlessRemoved(path: string): Promise<Buffer | null> {
  return (await exists(path)) ? readFile(path) : null;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
