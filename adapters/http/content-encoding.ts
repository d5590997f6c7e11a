/** Request bodies in and response bodies out of compression. */
import { brotliDecompress, gunzip, gzip, inflate } from 'node:zlib';

type Inflate = (
  body: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, body: Buffer) => void,
) => void;

const INFLATERS: Readonly<Record<string, Inflate>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflate,
  br: brotliDecompress,
};

export interface PlainEncoding {
  readonly kind: 'plain';
}

export interface CompressedEncoding {
  readonly kind: 'compressed';
  readonly inflate: Inflate;
}

export type RequestEncoding = PlainEncoding | CompressedEncoding | { readonly kind: 'unknown' };

const PLAIN: PlainEncoding = { kind: 'plain' };

/** One encoding only: a body that was compressed twice has no honest sender. */
export function requestEncoding(header: string | undefined): RequestEncoding {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return PLAIN;
  const known = Object.hasOwn(INFLATERS, name) ? INFLATERS[name] : undefined;
  return known === undefined ? { kind: 'unknown' } : { kind: 'compressed', inflate: known };
}

/** Small bodies grow or hardly shrink, and cost a thread-pool round trip. */
const GZIP_BYTES_MIN = 1024;

export function wantsGzip(acceptEncoding: string | undefined, bytes: number): boolean {
  if (bytes < GZIP_BYTES_MIN || acceptEncoding === undefined) return false;
  return acceptEncoding.split(',').some((part) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(part));
}

/** On the thread pool, so that the event loop goes on. */
export function gzipBody(body: Buffer, done: (error: Error | null, zipped: Buffer) => void): void {
  gzip(body, { level: 1 }, done);
}
