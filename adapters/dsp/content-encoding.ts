/** gzip towards and from DSPs. Only gzip is asked for; anything else a DSP sends is an encoding we did not agree to. */
import { gunzipSync, gzipSync } from 'node:zlib';

export type DecodedBody =
  | { readonly kind: 'decoded'; readonly body: Uint8Array }
  | { readonly kind: 'unreadable'; readonly reason: 'too-large' | 'unknown-encoding' | 'bad-encoding' };

/** Inflates at most `bytesMax`; a bomb is cut there, about a millisecond of work for 1 MiB. */
export function decodeBody(raw: Buffer, contentEncoding: string | undefined, bytesMax: number): DecodedBody {
  const encoding = contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return { kind: 'decoded', body: raw };
  if (encoding !== 'gzip' && encoding !== 'x-gzip') return { kind: 'unreadable', reason: 'unknown-encoding' };
  if (raw.length === 0) return { kind: 'decoded', body: raw };
  try {
    return { kind: 'decoded', body: gunzipSync(raw, { maxOutputLength: bytesMax }) };
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { kind: 'unreadable', reason: isTooLarge ? 'too-large' : 'bad-encoding' };
  }
}

const compressed = new WeakMap<Uint8Array, Buffer>();

/** The gzipped body, made once per body: all DSPs of one variant share the body object. */
export function gzipOnce(body: Uint8Array): Buffer {
  let zipped = compressed.get(body);
  if (zipped === undefined) {
    zipped = gzipSync(body, { level: 1 });
    compressed.set(body, zipped);
  }
  return zipped;
}
