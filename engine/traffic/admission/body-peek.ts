/**
 * A look at the raw body for the publisher, the first placement and the highest floor, before anything is parsed. It knows nothing of JSON
 * structure: what it finds may come from a nested text or not be what parsing would give. That only costs accuracy, because
 * the values learned are filed under what was peeked, and per publisher: a forged id makes nobody else look cheap or dear.
 */
import { HASH_START, hashByte } from './key-hash.ts';

/** Placements are among the first fields of most requests; looking further costs more than it finds. */
const PEEK_BYTES_MAX = 4096;
/** From `"publisher"` to its `"id"`: name and domain may stand between them. */
const PUBLISHER_BYTES_MAX = 256;

const QUOTE = 0x22;
const COLON = 0x3a;
const BRACE_CLOSE = 0x7d;
const POINT = 0x2e;
const ZERO = 0x30;
const MICROS = 1_000_000;

const TAGID = pattern('"tagid"');
const PUBLISHER = pattern('"publisher"');
const ID = pattern('"id"');
const BIDFLOOR = pattern('"bidfloor"');

/** Hash of the first `"tagid":"…"`; 0 when none is found. */
export function peekPlacement(body: Uint8Array): number {
  const end = Math.min(body.length, PEEK_BYTES_MAX);
  return hashText(body, find(body, TAGID, 0, end), end);
}

/** Hash of the id in the first `"publisher":{…}`; 0 when none is found. */
export function peekPublisher(body: Uint8Array): number {
  const end = Math.min(body.length, PEEK_BYTES_MAX);
  const from = find(body, PUBLISHER, 0, end);
  if (from === -1) return 0;
  const brace = body.indexOf(BRACE_CLOSE, from);
  const objectEnd = Math.min(end, from + PUBLISHER_BYTES_MAX, brace === -1 ? end : brace);
  return hashText(body, find(body, ID, from, objectEnd), objectEnd);
}

/**
 * The highest `"bidfloor":N` of imps and deals as CPM micros, whatever its currency; 0 when none is found. A floor that is too
 * high to sell makes nobody look dear: it counts for no more than the share sold.
 */
export function peekFloorMicros(body: Uint8Array): number {
  const end = Math.min(body.length, PEEK_BYTES_MAX);
  let highest = 0;
  for (let at = find(body, BIDFLOOR, 0, end); at !== -1; at = find(body, BIDFLOOR, at, end)) {
    highest = Math.max(highest, readMicros(body, at, end));
  }
  return highest;
}

/** Horspool: one look at a byte skips up to the length of the pattern. */
interface Pattern {
  readonly bytes: Uint8Array;
  /** By the byte under the end of the pattern: how far it may move on; 0 = it may be a match. */
  readonly shifts: Uint8Array;
  /** How far to move on when it was none. */
  readonly shiftAfterLast: number;
}

function pattern(text: string): Pattern {
  const bytes = new TextEncoder().encode(text);
  const shifts = new Uint8Array(256).fill(bytes.length);
  for (let index = 0; index < bytes.length - 1; index++) shifts[bytes[index]!] = bytes.length - 1 - index;
  const last = bytes.at(-1)!;
  const shiftAfterLast = shifts[last]!;
  shifts[last] = 0;
  return { bytes, shifts, shiftAfterLast };
}

/** Index behind the first match that ends before `end`; -1 when there is none. */
function find(body: Uint8Array, { bytes, shifts, shiftAfterLast }: Pattern, from: number, end: number): number {
  let at = from + bytes.length - 1;
  while (at < end) {
    const shift = shifts[body[at]!]!;
    if (shift > 0) at += shift;
    else if (endsAt(body, bytes, at)) return at + 1;
    else at += shiftAfterLast;
  }
  return -1;
}

function endsAt(body: Uint8Array, bytes: Uint8Array, at: number): boolean {
  const start = at - bytes.length + 1;
  for (let index = bytes.length - 2; index >= 0; index--) if (body[start + index] !== bytes[index]) return false;
  return true;
}

/** The text behind `: "`, up to the next quote; 0 when something else stands there or the text does not end. */
function hashText(body: Uint8Array, from: number, end: number): number {
  if (from === -1) return 0;
  let at = skipBlanks(body, from, end);
  if (body[at] !== COLON) return 0;
  at = skipBlanks(body, at + 1, end);
  if (body[at] !== QUOTE) return 0;
  let hash = HASH_START;
  for (at++; at < end; at++) {
    if (body[at] === QUOTE) return hash;
    hash = hashByte(hash, body[at]!);
  }
  return 0;
}

/** The decimal behind `:`; exponents are read as their mantissa, more than nine digits as nine. */
function readMicros(body: Uint8Array, from: number, end: number): number {
  let at = skipBlanks(body, from, end);
  if (body[at] !== COLON) return 0;
  at = skipBlanks(body, at + 1, end);
  let whole = 0;
  for (let digits = 0; at < end && isDigit(body[at]!) && digits < 9; at++, digits++)
    whole = whole * 10 + body[at]! - ZERO;
  if (body[at] !== POINT) return whole * MICROS;
  let fraction = 0;
  for (let unit = MICROS / 10; ++at < end && isDigit(body[at]!) && unit >= 1; unit /= 10) {
    fraction += (body[at]! - ZERO) * unit;
  }
  return whole * MICROS + fraction;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

function skipBlanks(body: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && body[at]! <= 0x20) at++;
  return at;
}
