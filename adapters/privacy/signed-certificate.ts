/**
 * Signatures of deletion certificates: HMAC-SHA-256, by a key made of `events.userSecret`, over the document without its
 * `signature`, as JSON whose members are in order of their names. So it can be kept, stored and sent as any JSON.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export interface SignedCertificate {
  /** First bytes of SHA-256 of the key: of which secret the signature is. */
  readonly keyId: string;
  readonly signature: string;
}

/** `other-key`: signed, if it is, with a secret that is not ours any more. */
export type CertificateCheck = 'valid' | 'forged' | 'other-key' | 'malformed';

const PURPOSE = 'gavel: certificates of deletion';
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;

export function signCertificate<Document extends object>(
  document: Document,
  userSecret: string,
): Document & SignedCertificate {
  const key = keyOf(userSecret);
  const unsigned = { ...document, keyId: keyIdOf(key) };
  return { ...unsigned, signature: tagOf(unsigned, key).toString('base64url') };
}

export function checkCertificate(document: unknown, userSecret: string): CertificateCheck {
  if (typeof document !== 'object' || document === null) return 'malformed';
  const { signature, ...unsigned } = document as Readonly<Record<string, unknown>>;
  if (typeof signature !== 'string' || typeof unsigned.keyId !== 'string') return 'malformed';
  const key = keyOf(userSecret);
  if (unsigned.keyId !== keyIdOf(key)) return 'other-key';
  const given = Buffer.from(signature, 'base64url');
  const expected = tagOf(unsigned, key);
  return given.length === expected.length && timingSafeEqual(given, expected) ? 'valid' : 'forged';
}

function tagOf(unsigned: object, key: Buffer): Buffer {
  return createHmac('sha256', key).update(inOrder(unsigned)).digest();
}

function inOrder(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}

function keyOf(userSecret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', userSecret, '', PURPOSE, KEY_BYTES));
}

function keyIdOf(key: Buffer): string {
  return createHash('sha256')
    .update(key)
    .digest('hex')
    .slice(0, 2 * KEY_ID_BYTES);
}
