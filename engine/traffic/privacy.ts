/**
 * What the law or the user withholds is stripped here, before anything else sees the request: no DSP, event, feature or
 * log can leak what no longer exists. Malformed or missing signals count as the most restrictive reading (docs/openrtb.md).
 */
import type { BidRequest, Device, Geo, User } from '../../openrtb/types.ts';

/** Closed list, also the `rule` label of `rtb_privacy_stripped_total`. */
export const PRIVACY_RULES = [
  'coppa',
  'gdpr-without-consent',
  'us-privacy-opt-out',
  'gpp-without-sections',
  'gpc',
  'limit-ad-tracking',
] as const;
export type PrivacyRule = (typeof PRIVACY_RULES)[number];

/** The first rule that demands stripping; null = the request may go on as it is. */
export function privacyRule(request: BidRequest): PrivacyRule | null {
  const { regs, device, user } = request;
  if (isSet(regs?.coppa)) return 'coppa';
  if (regs?.gdpr === 1 && !TCF_STRING.test(user?.consent ?? '')) return 'gdpr-without-consent';
  if (regs?.us_privacy !== undefined && !allowsSale(regs.us_privacy)) return 'us-privacy-opt-out';
  if (regs?.gpp !== undefined && !regs.gpp_sid?.length) return 'gpp-without-sections';
  if (signalsOptOut(regs?.ext?.gpc)) return 'gpc';
  if (isSet(device?.lmt) || isSet(device?.dnt)) return 'limit-ad-tracking';
  return null;
}

/** A flag that is there and not 0: 2 and -1 are no way to say no. */
function isSet(flag: number | undefined): boolean {
  return flag !== undefined && flag !== 0;
}

/**
 * What a consent string of TCF version 1 or 2 looks like. Its purposes are not decoded: whether a DSP may use what it is
 * sent is for the DSP to read out of it.
 */
const TCF_STRING = /^[BC][\w-]{10,}(?:\.[\w-]+)*$/;

/** Four characters: version, notice, opt-out of sale, LSPA (IAB US Privacy String 1). `-` = the law does not apply. */
function allowsSale(usPrivacy: string): boolean {
  return /^1(?:---|[YN][N-][YN-])$/i.test(usPrivacy);
}

/** Global Privacy Control is the string `1` (OpenRTB 2.6, `regs.ext.gpc`); numbers and booleans are sent as well. */
function signalsOptOut(gpc: unknown): boolean {
  return gpc === '1' || gpc === 1 || gpc === true;
}

/**
 * Without: user ids, profile and exact place; device ids; the last octet of the address (of IPv6 all but the first 48
 * bits). Coarse geography stays: it is not personal, and bids need it.
 */
export function stripPersonalData(request: BidRequest): BidRequest {
  const { user: _user, device, ...rest } = request;
  const user = strippedUser(request.user);
  return {
    ...rest,
    ...(user === undefined ? {} : { user }),
    ...(device === undefined ? {} : { device: strippedDevice(device) }),
  };
}

/** Consent itself stays: the DSP must see under which terms it got the request. */
function strippedUser(user: User | undefined): User | undefined {
  return user?.consent === undefined ? undefined : { consent: user.consent };
}

function strippedDevice(device: Device): Device {
  const {
    ifa: _ifa,
    didsha1: _didsha1,
    didmd5: _didmd5,
    dpidsha1: _dpidsha1,
    dpidmd5: _dpidmd5,
    macsha1: _macsha1,
    macmd5: _macmd5,
    ip,
    ipv6,
    geo,
    ext: _ext,
    ...rest
  } = device;
  return {
    ...rest,
    ...(ip === undefined ? {} : { ip: truncated(ip) }),
    ...(ipv6 === undefined ? {} : { ipv6: truncated(ipv6) }),
    ...(geo === undefined ? {} : { geo: coarse(geo) }),
  };
}

/** Either field may hold either kind of address; what is neither could hide one, so nothing of it stays. */
function truncated(address: string): string {
  if (address.includes(':')) return prefix48(address);
  return IPV4.test(address) ? address.replace(LAST_OCTET, '.0') : '0.0.0.0';
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const LAST_OCTET = /\.\d+$/;

/** The first three groups; an address that is shortened inside them keeps only what stands before the `::`. */
function prefix48(ipv6: string): string {
  const groups = ipv6.split('::', 1)[0]!.split(':').slice(0, 3);
  return groups.every((group) => HEX_GROUP.test(group)) ? `${groups.join(':')}::` : '::';
}

const HEX_GROUP = /^[\da-f]{1,4}$/i;

function coarse(geo: Geo): Geo {
  const { lat: _lat, lon: _lon, accuracy: _accuracy, lastfix: _lastfix, zip: _zip, ext: _ext, ...rest } = geo;
  return rest;
}
