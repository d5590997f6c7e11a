/** A user's id as it is stored: nobody without the secret can tell whose it is, or find somebody's. */
import { createHmac } from 'node:crypto';
import { userIdOf } from '../../engine/budget/frequency/user-id.ts';
import type { UserKey } from '../../engine/ports/frequency-store.ts';
import type { BidRequest } from '../../openrtb/types.ts';

/** Two users in 2^64 would share one. */
const KEY_BYTES = 16;

/** Of the user who is known from a request; null: nobody is. */
export function userKeyOf(request: BidRequest, secret: string): UserKey | null {
  const id = userIdOf(request);
  return id === null ? null : userKey(id, secret);
}

/** `secret`: the same in all processes, and for as long as caps shall hold. */
export function userKey(userId: string, secret: string): UserKey {
  return createHmac('sha256', secret).update(userId).digest().subarray(0, KEY_BYTES).toString('base64url') as UserKey;
}
