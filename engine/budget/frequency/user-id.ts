/** By which id a user is known when impressions are counted. What privacy rules strip is gone before this is asked. */
import type { BidRequest } from '../../../openrtb/types.ts';

/** Sent in the place of an advertising id by devices whose users withhold it. */
const NO_ADVERTISING_ID = /^[0-]*$/;

/**
 * The device's advertising id, the same in every app; else the publisher's own id of the user, which says nothing at
 * another publisher. Null: neither.
 */
export function userIdOf({ device, user, app, site, dooh }: BidRequest): string | null {
  const ifa = device?.ifa;
  if (ifa !== undefined && !NO_ADVERTISING_ID.test(ifa)) return `ifa:${ifa.toLowerCase()}`;
  if (user?.id === undefined) return null;
  const publisherId = (app ?? site ?? dooh)?.publisher?.id ?? '';
  return `user:${JSON.stringify([publisherId, user.id])}`;
}
