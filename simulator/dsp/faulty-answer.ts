import { gzipSync } from 'node:zlib';
import type { AnswerFault } from './faults.ts';
import type { WireAnswer } from './wire-answer.ts';

const MIB = 1024 * 1024;
const HUGE_BYTES = 50 * MIB;
const NESTING = 400_000;
const PIECE = Buffer.alloc(64 * 1024, ' ');
const CHUNK = Buffer.concat([Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')]);
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const CHUNKED_HEAD = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const ERROR_PAGE =
  '<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** What is sent in place of an answer. `origin` is where the DSP listens. */
export function answerFaultOnWire(fault: AnswerFault, origin: string): WireAnswer {
  switch (fault) {
    case 'no-answer':
      return { kind: 'silence' };
    case 'reset':
      return { kind: 'reset' };
    case 'http-500':
      return { kind: 'http', status: 500, headers: 'Content-Type: text/plain\r\n', body: 'internal error' };
    case 'html-200':
      return { kind: 'http', status: 200, headers: 'Content-Type: text/html\r\n', body: ERROR_PAGE };
    case 'hang-after-headers':
      return raw(`${HEAD}Content-Length: 1000\r\n\r\n`, [], 'hang');
    case 'redirect':
      return { kind: 'http', status: 302, headers: `Location: ${redirectTarget(origin)}\r\n`, body: '' };
    case 'huge-body':
      return raw(`${HEAD}Content-Length: ${HUGE_BYTES}\r\n\r\n`, repeated(PIECE, HUGE_BYTES / PIECE.length), 'keep');
    case 'huge-chunked':
      return raw(CHUNKED_HEAD, repeated(CHUNK, HUGE_BYTES / PIECE.length, LAST_CHUNK), 'keep');
    case 'endless-chunked':
      return raw(CHUNKED_HEAD, repeated(CHUNK, Number.POSITIVE_INFINITY), 'keep');
    case 'gzip-bomb':
      return { kind: 'http', status: 200, headers: 'Content-Encoding: gzip\r\n', body: gzipBomb() };
    case 'deep-json':
      return { kind: 'http', status: 200, headers: '', body: '['.repeat(NESTING) };
  }
}

/** The same machine by another name; the DSP counts who follows. */
function redirectTarget(origin: string): string {
  return `http://localhost:${new URL(origin).port}/redirected`;
}

function raw(head: string, pieces: Iterable<Buffer>, ending: 'keep' | 'hang'): WireAnswer {
  return { kind: 'raw', head, pieces, intervalMs: 0, ending };
}

function* repeated(piece: Buffer, count: number, last?: Buffer): Generator<Buffer> {
  for (let index = 0; index < count; index++) yield piece;
  if (last !== undefined) yield last;
}

let bomb: Buffer | null = null;

/** 64 MiB of zeros in 64 KB: eight members of one file (RFC 1952 section 2.2), as deflating all of it holds up the other DSPs. */
function gzipBomb(): Buffer {
  bomb ??= Buffer.concat(new Array<Buffer>(8).fill(gzipSync(Buffer.alloc(8 * MIB))));
  return bomb;
}
