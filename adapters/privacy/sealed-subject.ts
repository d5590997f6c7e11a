/**
 * The ids of a user who is to be deleted, for as long as that takes: encrypted in the database, so that neither its files, its
 * journal nor its backups ever hold one. AES-256-GCM under a key made of `events.userSecret`, which every engine has.
 *
 * Bytes: nonce 12 | tag 16 | JSON.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Ids of one user, by which places of ours find them. */
export interface Subject {
  /** As publishers and devices send them. */
  readonly ids: readonly string[];
  /** As `userIdOf` gives them: what keys are hashed from. */
  readonly userIds: readonly string[];
}

/** It was sealed with another secret, or for another request, or is damaged. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const PURPOSE = 'gavel: ids of users to be deleted';

export function sealSubject(subject: Subject, deletionId: string, userSecret: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(userSecret), nonce);
  cipher.setAAD(Buffer.from(deletionId));
  const text = Buffer.concat([cipher.update(JSON.stringify(subject)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** Throws a SealError. */
export function openSubject(sealed: Uint8Array, deletionId: string, userSecret: string): Subject {
  const bytes = Buffer.from(sealed);
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(userSecret), bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(deletionId));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(text.toString()) as Subject;
  } catch (error) {
    throw new SealError('the ids cannot be read: events.userSecret is not the one of whoever took the request', {
      cause: error,
    });
  }
}

function keyOf(userSecret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', userSecret, '', PURPOSE, KEY_BYTES));
}
