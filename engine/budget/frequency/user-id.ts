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
  const ofDevice = ifa === undefined ? null : deviceUserId(ifa);
  if (ofDevice !== null) return ofDevice;
  if (user?.id === undefined) return null;
  return publisherUserId((app ?? site ?? dooh)?.publisher?.id ?? '', user.id);
}

/** Of a device by its advertising id; null: its user withholds it. */
export function deviceUserId(ifa: string): string | null {
  return NO_ADVERTISING_ID.test(ifa) ? null : `ifa:${ifa.toLowerCase()}`;
}

/** Of a publisher's own id; `publisherId` is empty where requests name no publisher. */
export function publisherUserId(publisherId: string, userId: string): string {
  return `user:${JSON.stringify([publisherId, userId])}`;
}
