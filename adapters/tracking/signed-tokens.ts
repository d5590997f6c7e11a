/**
 * Tokens of tracking URLs: `base64url(version, code, key id, expiry, nonce, body, HMAC-SHA-256 cut to 128 bits over all
 * before)`. One key signs; a second one is still accepted until its time is over, so that URLs of before a change of
 * keys go on counting.
 */
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Entropy } from '../../engine/ports/entropy.ts';
import type {
  TokenContent,
  TokenReader,
  TokenReading,
  TokenRefusal,
  TokenSigner,
} from '../../engine/ports/token-signer.ts';
import { systemEntropy } from '../entropy.ts';

export interface TokenKeys {
  /** Signs, and is accepted. */
  readonly current: string;
  /** Accepted until then, epoch ms; null: there is none. */
  readonly previous: { readonly key: string; readonly untilMs: number } | null;
}

const VERSION = 1;
/** Of the body; one that is longer is not ours. */
export const TOKEN_LENGTH_MAX = 8192;

const KEY_ID_AT = 2;
const EXPIRY_AT = 6;
const NONCE_AT = 10;
const BODY_AT = 18;
const TAG_BYTES = 16;
const TOKEN_TEXT = /^[A-Za-z0-9_-]+$/;

export function createSignedTokens(
  { current, previous }: TokenKeys,
  entropy: Pick<Entropy, 'fill'> = systemEntropy,
): TokenSigner & TokenReader {
  const keys = [liveKey(current, Number.POSITIVE_INFINITY)];
  if (previous !== null) keys.push(liveKey(previous.key, previous.untilMs));
  return new SignedTokens(keys, entropy);
}

interface LiveKey {
  /** Which key it was, without saying what it is. */
  readonly id: number;
  readonly secret: KeyObject;
  readonly untilMs: number;
}

function liveKey(key: string, untilMs: number): LiveKey {
  const id = createHash('sha256').update('gavel tracking key id\0').update(key).digest().readUInt32BE(0);
  return { id, secret: createSecretKey(key, 'utf8'), untilMs };
}

class SignedTokens implements TokenSigner, TokenReader {
  /** The first one signs. */
  readonly #keys: readonly LiveKey[];
  readonly #nonces: Nonces;

  constructor(keys: readonly LiveKey[], entropy: Pick<Entropy, 'fill'>) {
    this.#keys = keys;
    this.#nonces = new Nonces(entropy);
  }

  readonly sign: TokenSigner['sign'] = ({ code, body }, expiresAtMs) => {
    const { id, secret } = this.#keys[0]!;
    const bodyBytes = Buffer.byteLength(body);
    const bytes = Buffer.allocUnsafe(BODY_AT + bodyBytes + TAG_BYTES);
    bytes[0] = VERSION;
    bytes[1] = code;
    bytes.writeUInt32BE(id, KEY_ID_AT);
    bytes.writeUInt32BE(Math.ceil(expiresAtMs / 1000), EXPIRY_AT);
    this.#nonces.next(bytes, NONCE_AT);
    bytes.write(body, BODY_AT);
    tagOf(secret, bytes.subarray(0, BODY_AT + bodyBytes)).copy(bytes, BODY_AT + bodyBytes, 0, TAG_BYTES);
    return bytes.toString('base64url');
  };

  readonly read: TokenReader['read'] = (token, nowMs) => {
    const bytes = decode(token);
    if (bytes === null || bytes[0] !== VERSION) return refused('malformed');
    const id = bytes.readUInt32BE(KEY_ID_AT);
    const signed = bytes.subarray(0, bytes.length - TAG_BYTES);
    const tag = bytes.subarray(bytes.length - TAG_BYTES);
    // Both have the same id once in four thousand million changes of keys.
    const key = this.#keys.find(
      (live) => live.id === id && timingSafeEqual(tagOf(live.secret, signed).subarray(0, TAG_BYTES), tag),
    );
    if (key === undefined) return refused('forged');
    if (nowMs >= key.untilMs) return refused('retired-key');
    const content: TokenContent = { code: bytes[1]!, body: signed.toString('utf8', BODY_AT) };
    if (nowMs >= bytes.readUInt32BE(EXPIRY_AT) * 1000) return refused('expired', content);
    return { kind: 'valid', content };
  };
}

function refused(reason: TokenRefusal, content: TokenContent | null = null): TokenReading {
  return { kind: 'refused', reason, content };
}

function tagOf(secret: KeyObject, bytes: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(bytes).digest();
}

/** Null: not the one text of these bytes. Others that decode to the same would make one URL many. */
function decode(token: string): Buffer | null {
  if (token.length > TOKEN_LENGTH_MAX || !TOKEN_TEXT.test(token)) return null;
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < BODY_AT + TAG_BYTES || bytes.toString('base64url') !== token) return null;
  return bytes;
}

const NONCE_BYTES = 8;

/** Asking for random bytes costs more than a signature: they are drawn for many at a time. */
class Nonces {
  readonly #entropy: Pick<Entropy, 'fill'>;
  readonly #drawn = Buffer.alloc(512 * NONCE_BYTES);
  #used = this.#drawn.length;

  constructor(entropy: Pick<Entropy, 'fill'>) {
    this.#entropy = entropy;
  }

  next(target: Buffer, at: number): void {
    if (this.#used === this.#drawn.length) {
      this.#entropy.fill(this.#drawn);
      this.#used = 0;
    }
    this.#drawn.copy(target, at, this.#used, this.#used + NONCE_BYTES);
    this.#used += NONCE_BYTES;
  }
}
