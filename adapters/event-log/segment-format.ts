/**
 * The bytes of one event segment. All integers are little-endian.
 *
 *   header (24 bytes): magic `GAVELEVT` | version u32 | first sequence u64 | crc32 of the 20 bytes before
 *   frame (16 bytes + payload): payload length u32 | crc32 u32 | sequence u64 | payload
 *
 * A frame's checksum covers its length, its sequence and its payload, so no part of it can change unnoticed. Sequences
 * start at 1: a run of zero bytes (what a power loss leaves in a file) can never pass for a frame.
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 24;
export const FRAME_OVERHEAD_BYTES = 16;
export const FIRST_SEQUENCE = 1;
/** Far above any auction event; a length above it is damage, and bounds what a reader believes. */
export const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;

const MAGIC = Buffer.from('GAVELEVT', 'latin1');
const FORMAT_VERSION = 1;
const UINT32_RANGE = 2 ** 32;
const SEGMENT_NAME = /^\d{16}\.seg$/;

/** `0000000000000042.seg` for 42; names sort as numbers do. */
export function segmentName(firstSequence: number): string {
  return `${String(firstSequence).padStart(16, '0')}.seg`;
}

/** First sequence of a segment file, null when the file is not a segment. */
export function firstSequenceOf(fileName: string): number | null {
  return SEGMENT_NAME.test(fileName) ? Number(fileName.slice(0, 16)) : null;
}

export function encodeHeader(firstSequence: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT_VERSION, 8);
  writeSequence(header, firstSequence, 12);
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  return header;
}

/** `newer` is an intact header of a version that this build cannot read; `damaged` anything else that does not verify. */
export function checkHeader(bytes: Buffer): 'valid' | 'damaged' | 'newer' {
  if (bytes.length < HEADER_BYTES) return 'damaged';
  if (!bytes.subarray(0, 8).equals(MAGIC)) return 'damaged';
  if (crc32(bytes.subarray(0, 20)) !== bytes.readUInt32LE(20)) return 'damaged';
  return bytes.readUInt32LE(8) === FORMAT_VERSION ? 'valid' : 'newer';
}

/** Bytes that `encodeFrames` makes of these records. */
export function encodedBytes(records: readonly Uint8Array[]): number {
  let total = 0;
  for (const record of records) total += FRAME_OVERHEAD_BYTES + record.byteLength;
  return total;
}

/** One buffer for the whole batch: it is written with one call. */
export function encodeFrames(records: readonly Uint8Array[], firstSequence: number): Buffer {
  const batch = Buffer.allocUnsafe(encodedBytes(records));
  let offset = 0;
  let sequence = firstSequence;
  for (const record of records) {
    const end = offset + FRAME_OVERHEAD_BYTES + record.byteLength;
    batch.writeUInt32LE(record.byteLength, offset);
    writeSequence(batch, sequence, offset + 8);
    batch.set(record, offset + FRAME_OVERHEAD_BYTES);
    sealFrame(batch, offset, end);
    offset = end;
    sequence += 1;
  }
  return batch;
}

/** Writes the checksum of the frame from `offset` to `end`, over its length, sequence and payload as they stand. */
export function sealFrame(bytes: Buffer, offset: number, end: number): void {
  bytes.writeUInt32LE(checksum(bytes, offset, end), offset + 4);
}

export type ScannedPart =
  | { readonly kind: 'frame'; readonly sequence: number; readonly payload: Buffer; readonly endOffset: number }
  /** Bytes between two places that verify. */
  | { readonly kind: 'damage'; readonly offset: number; readonly endOffset: number }
  /** Bytes after the last frame that verifies: a torn write, or a write under way. Always the last part. */
  | { readonly kind: 'tail'; readonly offset: number; readonly endOffset: number };

/**
 * Walks the frames of a segment. After bytes that do not verify it looks for the next frame that does, byte by byte; what
 * lies between is `damage`. Payloads are views into `bytes`.
 */
export function* scanSegment(bytes: Buffer, firstSequence: number): Generator<ScannedPart, void, undefined> {
  // Every frame takes at least its overhead, so no sequence in this file can be above this one.
  const sequenceMax = firstSequence + Math.floor(bytes.length / FRAME_OVERHEAD_BYTES);
  let expected = firstSequence;
  let offset = Math.min(HEADER_BYTES, bytes.length);
  while (offset < bytes.length) {
    const start = findFrame(bytes, offset, expected, sequenceMax);
    if (start === -1) {
      yield { kind: 'tail', offset, endOffset: bytes.length };
      return;
    }
    if (start > offset) yield { kind: 'damage', offset, endOffset: start };
    const endOffset = start + FRAME_OVERHEAD_BYTES + bytes.readUInt32LE(start);
    const sequence = readSequence(bytes, start + 8);
    yield { kind: 'frame', sequence, payload: bytes.subarray(start + FRAME_OVERHEAD_BYTES, endOffset), endOffset };
    expected = sequence + 1;
    offset = endOffset;
  }
}

/** Offset of the next frame that verifies, from `from` on; -1: none. */
export function findFrame(bytes: Buffer, from: number, sequenceMin: number, sequenceMax: number): number {
  const last = bytes.length - FRAME_OVERHEAD_BYTES;
  for (let offset = from; offset <= last; offset += 1) {
    if (isFrameAt(bytes, offset, sequenceMin, sequenceMax)) return offset;
  }
  return -1;
}

/** Bytes of the frame that begins here, by its own word; null when that cannot be, or its head is not whole. */
export function frameBytesAt(bytes: Buffer, offset: number): number | null {
  if (offset + FRAME_OVERHEAD_BYTES > bytes.length) return null;
  const length = bytes.readUInt32LE(offset);
  return length > PAYLOAD_BYTES_MAX ? null : FRAME_OVERHEAD_BYTES + length;
}

export function frameSequenceAt(bytes: Buffer, offset: number): number {
  return readSequence(bytes, offset + 8);
}

/** The cheap checks come first: while resynchronising, the checksum is computed only where a frame is plausible. */
export function isFrameAt(bytes: Buffer, offset: number, sequenceMin: number, sequenceMax: number): boolean {
  const sequence = readSequence(bytes, offset + 8);
  if (sequence < sequenceMin || sequence > sequenceMax) return false;
  const length = bytes.readUInt32LE(offset);
  const end = offset + FRAME_OVERHEAD_BYTES + length;
  if (length > PAYLOAD_BYTES_MAX || end > bytes.length) return false;
  return checksum(bytes, offset, end) === bytes.readUInt32LE(offset + 4);
}

function checksum(bytes: Buffer, offset: number, end: number): number {
  return crc32(bytes.subarray(offset + 8, end), crc32(bytes.subarray(offset, offset + 4)));
}

function writeSequence(target: Buffer, sequence: number, offset: number): void {
  target.writeUInt32LE(sequence % UINT32_RANGE, offset);
  target.writeUInt32LE(Math.floor(sequence / UINT32_RANGE), offset + 4);
}

function readSequence(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 4) * UINT32_RANGE + bytes.readUInt32LE(offset);
}
