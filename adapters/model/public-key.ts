import { createPublicKey, type KeyObject } from 'node:crypto';

/** Bytes of an Ed25519 key (RFC 8032). */
const KEY_BYTES = 32;

/** `text`: base64 of the 32 bytes of an Ed25519 key. Throws a `TypeError` for all else. */
export function readPublicKey(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES) throw new TypeError(`a key of ${bytes.length} bytes is not one of Ed25519`);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
