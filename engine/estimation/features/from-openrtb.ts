/**
 * Facts out of a request, one of its imps and a bid: for serving, and for training through logs that are told as requests
 * and bids. What privacy rules took out of a request is not there to be read.
 */
import type { BidRequest, Device, Imp, User } from '../../../openrtb/types.ts';
import { likelyMedia } from '../../auction/likely-media.ts';
import type { BidCandidate, MediaType } from '../../auction/types.ts';
import type { ImpFeatures, RequestFeatures } from '../../traffic/request-features.ts';
import type { FactSheet } from './facts.ts';
import { hashCode, hashPair, hashText } from './hash.ts';
import { browserOf, type Family, systemOf, versionAt } from './user-agent.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Mean year of the Gregorian calendar. */
const YEAR_MS = 365.2425 * DAY_MS;
const CHANNELS = { unknown: 0, app: 1, site: 2, dooh: 3 } as const;
const GENDERS: Readonly<Record<string, number>> = { M: 1, F: 2, O: 3 };
const MEDIA_CODES: Readonly<Record<MediaType, number>> = { banner: 1, video: 2, audio: 3, native: 4 };
const HTML_KINDS = { plain: 1, script: 2, iframe: 3 } as const;

/** `nowMs` in UTC; the hour is the user's own where the request says its offset. Clears the sheet first. */
export function setRequestFacts(sheet: FactSheet, request: BidRequest, features: RequestFeatures, nowMs: number): void {
  const { device = {}, user = {} } = request;
  sheet.clear();
  setPlaceAndTime(sheet, device, features.country, nowMs);
  setDevice(sheet, device, features);
  setUser(sheet, user, nowMs);
  sheet.setFlag('isUnderGdpr', request.regs?.gdpr === 1);
  sheet.setCode('channel', CHANNELS[features.channel]);
  sheet.setCategory('exchange', hashText(request.source?.schain?.nodes[0]?.asi ?? ''));
  sheet.setCategory('publisher', hashText(features.publisherId));
  sheet.setCategory('inventory', hashText(features.inventory));
}

function setPlaceAndTime(sheet: FactSheet, device: Device, country: string, nowMs: number): void {
  const { geo = {} } = device;
  const countryHash = hashText(country);
  sheet.setCategory('country', countryHash);
  // Regions and cities of the same name lie in many countries.
  const region = hashPair(hashPair(countryHash, hashText('region')), hashText(geo.region ?? ''));
  sheet.setCategory('region', region);
  sheet.setCategory('city', hashPair(hashPair(countryHash, hashText('city')), hashText(geo.city ?? '')));
  sheet.setCategory('language', languageHash(languageTag(device)));
  const offsetMinutes = geo.utcoffset;
  const localMs = nowMs + (offsetMinutes ?? 0) * 60_000;
  // 1 January 1970 was a Thursday.
  const weekday = (Math.floor(localMs / DAY_MS) + 4) % 7;
  sheet.setNumber('utcOffsetHours', offsetMinutes === undefined ? undefined : offsetMinutes / 60);
  sheet.setCode('hour', Math.floor(localMs / HOUR_MS) % 24);
  sheet.setFlag('isWeekend', weekday === 0 || weekday === 6);
}

function setDevice(sheet: FactSheet, device: Device, { deviceType, connectionType }: RequestFeatures): void {
  const { ua = '', sua } = device;
  const system = systemOf(ua);
  const os = device.os ?? sua?.platform?.brand;
  const osVersion = device.os === undefined ? sua?.platform?.version?.join('.') : device.osv;
  sheet.setCategory('os', hashText(systemName(device, system)));
  sheet.setNumber('osVersion', os === undefined ? system.version : versionAt(osVersion ?? ''));
  const browser = browserOf(ua);
  const brand = sua?.browsers?.[0];
  sheet.setCategory('browser', hashText(browserName(device, browser)));
  sheet.setNumber('browserVersion', brand === undefined ? browser.version : versionAt(brand.version?.join('.') ?? ''));
  sheet.setCode('deviceType', deviceType === 0 ? undefined : deviceType);
  sheet.setCode('connectionType', connectionType === 0 ? undefined : connectionType);
  sheet.setCategory('make', hashText(device.make ?? ''));
  sheet.setCategory('model', hashText(device.model ?? sua?.model ?? ''));
  sheet.setCategory('carrier', hashText(device.carrier ?? ''));
  sheet.setNumber('screenWidth', device.w);
  sheet.setNumber('screenHeight', device.h);
  sheet.setNumber('pixelRatio', device.pxratio);
  sheet.setNumber('runsScript', device.js);
  sheet.setFlag('limitsTracking', device.lmt === 1 || device.dnt === 1);
  sheet.setFlag('hasDeviceId', device.ifa !== undefined);
}

/** Of the operating system; `parsed` out of the user agent. Empty when unknown. */
export function systemName({ os, sua }: Device, parsed: Family): string {
  return os ?? sua?.platform?.brand ?? parsed.family;
}

/** Likewise of the browser. */
export function browserName({ sua }: Device, parsed: Family): string {
  return sua?.browsers?.[0]?.brand ?? parsed.family;
}

/** What the device is set to; empty when unknown. */
export function languageTag({ language, langb }: Device): string {
  return language ?? langb ?? '';
}

function setUser(sheet: FactSheet, user: User, nowMs: number): void {
  sheet.setFlag('hasUserId', user.id !== undefined || user.buyeruid !== undefined);
  sheet.setNumber('extendedIdCount', user.eids?.length ?? 0);
  sheet.setFlag('hasConsent', user.consent !== undefined);
  sheet.setCode('gender', user.gender === undefined ? undefined : GENDERS[user.gender]);
  const ageYears = user.yob === undefined ? undefined : Math.floor(1970 + nowMs / YEAR_MS) - user.yob;
  sheet.setNumber('ageYears', ageYears);
  sheet.setCategory('ageBand', hashCode(ageYears === undefined ? Number.NaN : Math.floor(ageYears / 10)));
  for (const { id: provider, name, segment = [] } of user.data ?? []) {
    // Ids are the provider's own.
    const ofProvider = hashText(provider ?? name ?? 'unnamed');
    for (const { id } of segment) sheet.addSegment(hashPair(ofProvider, hashText(id ?? '')));
  }
  sheet.setNumber('segmentCount', sheet.segmentCount);
}

/** After the facts of the request; those of an earlier imp are overwritten. */
export function setImpFacts(sheet: FactSheet, imp: Imp, { placementId, width, height }: ImpFeatures): void {
  sheet.setCategory('placement', hashText(placementId));
  sheet.setCategory('slotSize', sizeHash(width, height));
  sheet.setNumber('slotWidth', width || undefined);
  sheet.setNumber('slotHeight', height || undefined);
  sheet.setCode('position', positionOf(imp));
  sheet.setCode('slotFormat', (imp.instl === 1 ? 1 : 0) + (imp.rwdd === 1 ? 2 : 0));
  sheet.setNumber('floorCpm', imp.bidfloor ?? 0);
  sheet.setNumber('maximumDurationSec', timeLimitSecOf(imp));
}

/** AdCOM placement position. */
export function positionOf({ banner, video }: Imp): number | undefined {
  return banner?.pos ?? video?.pos;
}

/** Of the longest video or audio that may be played. */
export function timeLimitSecOf({ video, audio }: Imp): number | undefined {
  return video?.maxduration ?? audio?.maxduration;
}

/** After the facts of the imp; those of an earlier ad are overwritten. */
export function setAdFacts(sheet: FactSheet, bid: BidCandidate): void {
  const dsp = hashText(bid.dspId);
  sheet.setCategory('dsp', dsp);
  sheet.setCategory('seat', hashPair(dsp, hashText(bid.seat ?? '')));
  sheet.setCategory('advertiser', hashText(bid.advertiserDomains[0] ?? ''));
  // Creative ids are a DSP's own.
  sheet.setCategory('creative', hashPair(dsp, hashText(bid.creativeId ?? '')));
  setCategories(sheet, bid);
  sheet.setCategory('adSize', sizeHash(bid.width ?? 0, bid.height ?? 0));
  sheet.setCode('media', MEDIA_CODES[likelyMedia(bid.declaredMedia, bid.sniffedMedia)]);
  sheet.setCategory('adLanguage', languageHash(bid.language ?? ''));
  sheet.setNumber('adWidth', bid.width ?? undefined);
  sheet.setNumber('adHeight', bid.height ?? undefined);
  sheet.setNumber('durationSec', bid.durationSec ?? undefined);
  sheet.setFlag('hasDeal', bid.dealId !== null);
  setAttributes(sheet, bid.attributes);
  sheet.setFlag('promotesApp', bid.bundle !== null);
  sheet.setNumber('htmlKind', bid.htmlKind === null ? undefined : HTML_KINDS[bid.htmlKind]);
  sheet.setNumber('domainCount', bid.advertiserDomains.length);
}

function setCategories(sheet: FactSheet, { categories, categoryTaxonomy }: BidCandidate): void {
  const taxonomy = hashCode(categoryTaxonomy);
  const first = categories[0] ?? '';
  const dash = first.indexOf('-');
  sheet.setCategory('category', hashPair(taxonomy, hashText(first)));
  sheet.setCategory('categoryGroup', hashPair(taxonomy, hashText(first, dash < 0 ? first.length : dash)));
  sheet.setNumber('categoryCount', categories.length);
}

/** AdCOM "Creative Attributes": 1 and 2 sound, 3 to 5 expanding, 13 and 14 interactive. */
function setAttributes(sheet: FactSheet, attributes: readonly number[]): void {
  sheet.setNumber('attributeCount', attributes.length);
  sheet.setFlag('playsSoundUnasked', attributes.includes(1) || attributes.includes(2));
  sheet.setFlag('expands', attributes.includes(3) || attributes.includes(4) || attributes.includes(5));
  sheet.setFlag('isInteractive', attributes.includes(13) || attributes.includes(14));
}

function sizeHash(width: number, height: number): number {
  return width > 0 && height > 0 ? hashPair(hashCode(width), hashCode(height)) : hashText('');
}

/** Of the primary subtag: `en-GB` is English. */
function languageHash(tag: string): number {
  return hashText(tag, primaryLength(tag));
}

/** Characters of the primary subtag. */
export function primaryLength(tag: string): number {
  const dash = tag.indexOf('-');
  return dash < 0 ? tag.length : dash;
}
