/** A user's id as it is stored: nobody without the secret can tell whose it is, or find somebody's. */
import { createHmac } from 'node:crypto';
import type { UserKey } from '../../engine/ports/frequency-store.ts';

/** Two users in 2^64 would share one. */
const KEY_BYTES = 16;

/** `secret`: the same in all processes, and for as long as caps shall hold. */
export function userKey(userId: string, secret: string): UserKey {
  return createHmac('sha256', secret).update(userId).digest().subarray(0, KEY_BYTES).toString('base64url') as UserKey;
}
