/** How a deleted user is named: whoever has a key of events can tell whether it is meant, and nobody can tell the key. */
import { createHash } from 'node:crypto';

/** SHA-256 of a user key, base64url. The key itself is 128 bits that nobody can guess, so no salt is needed. */
export function subjectHash(userKey: string): string {
  return createHash('sha256').update(userKey).digest('base64url');
}
