import { gzipSync } from 'node:zlib';
import type { DeliveryFault } from './faults.ts';
import type { RawAnswer } from './http-server.ts';
import type { WireAnswer } from './wire-answer.ts';

const TRICKLE_INTERVAL_MS = 10;
const STATUS_AND_TYPE = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

/** The right answer, sent wrongly. */
export function deliverWrongly(text: string, fault: DeliveryFault): WireAnswer {
  const body = Buffer.from(text);
  const half = body.subarray(0, Math.floor(body.length / 2));
  switch (fault) {
    case 'trickle':
      return raw(lengthOf(body.length), { pieces: singleBytes(body), intervalMs: TRICKLE_INTERVAL_MS, ending: 'keep' });
    case 'reset-mid-body':
      return raw(lengthOf(body.length), { pieces: [half], ending: 'reset' });
    case 'short-length':
      return raw(lengthOf(half.length), { pieces: [body], ending: 'close' });
    case 'long-length':
      return raw(lengthOf(body.length + 1), { pieces: [body], ending: 'close' });
    case 'bad-chunking':
      return raw('Transfer-Encoding: chunked', { pieces: [Buffer.from('xyz\r\n'), body], ending: 'close' });
    case 'double-gzip':
      return encoded('gzip, gzip', gzipSync(gzipSync(body)));
    case 'unknown-encoding':
      return encoded('x-unknown', body);
  }
}

function lengthOf(length: number): string {
  return `Content-Length: ${length}`;
}

function raw(header: string, answer: Partial<RawAnswer> & Pick<RawAnswer, 'pieces' | 'ending'>): WireAnswer {
  return { kind: 'raw', head: `${STATUS_AND_TYPE}${header}\r\n\r\n`, intervalMs: 0, ...answer };
}

function encoded(encoding: string, body: Buffer): WireAnswer {
  const headers = `Content-Type: application/json\r\nContent-Encoding: ${encoding}\r\n`;
  return { kind: 'http', status: 200, headers, body };
}

function* singleBytes(body: Buffer): Generator<Buffer> {
  for (let index = 0; index < body.length; index++) yield body.subarray(index, index + 1);
}
