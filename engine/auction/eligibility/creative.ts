/** Whether the creative fits the place: identity, size, duration, protocol, attributes, type, security, lifetime. */
import type { Contender } from '../contender.ts';
import type { AuctionImp, AuctionPolicy, BannerOffer, RatioFormat, Size, TimedMediaOffer } from '../types.ts';

/** `Banner.btype` values that markup can be told to be. */
const AdType = { Text: 1, Banner: 2, JavaScript: 3, Iframe: 4 } as const;

export function checkCreativeIdentity(contender: Contender, policy: AuctionPolicy): boolean {
  const { creativeId, advertiserDomains } = contender.bid;
  if (policy.missingCreativeId === 'refuse' && (creativeId === null || creativeId === '')) {
    return contender.refuse('missing-creative-id', 'crid');
  }
  if (policy.missingAdvertiserDomain === 'refuse' && advertiserDomains.length === 0) {
    return contender.refuse('missing-advertiser-domain', 'adomain');
  }
  return true;
}

/** Expects `contender.media` to be offered by the imp. */
export function checkCreative(contender: Contender, imp: AuctionImp, policy: AuctionPolicy): boolean {
  const { bid } = contender;
  if (!checkOffer(contender, imp, policy)) return false;
  if (imp.secure && bid.hasInsecureMarkup) return contender.refuse('insecure-markup', 'adm');
  if (imp.expectedDelaySec !== null && bid.expirySec !== null && bid.expirySec < imp.expectedDelaySec) {
    return contender.refuse('expires-too-early', 'exp');
  }
  return true;
}

function checkOffer(contender: Contender, imp: AuctionImp, policy: AuctionPolicy): boolean {
  switch (contender.media!) {
    case 'banner':
      return checkBanner(contender, imp.banner!, imp, policy);
    case 'video':
      return checkTimedMedia(contender, imp.video!);
    case 'audio':
      return checkTimedMedia(contender, imp.audio!);
    case 'native':
      return checkAttributes(contender, imp.native!.blockedAttributes);
  }
}

function checkBanner(contender: Contender, offer: BannerOffer, imp: AuctionImp, policy: AuctionPolicy): boolean {
  if (policy.bannerSize === 'enforce' && !hasOfferedSize(contender, offer, imp)) {
    return contender.refuse('size-not-offered', 'w');
  }
  if (!checkAttributes(contender, offer.blockedAttributes)) return false;
  if (offer.blockedTypes.length > 0 && hasBlockedType(contender, offer.blockedTypes)) {
    return contender.refuse('blocked-ad-type', 'adm');
  }
  return true;
}

/** A bid without w and h is allowed (a quarter of all bids): the page shows it at the offered size. */
function hasOfferedSize(contender: Contender, offer: BannerOffer, imp: AuctionImp): boolean {
  const { width, height } = contender.bid;
  if (width === null || height === null) return hasOfferedRatio(contender, offer);
  return isOfferedSize(width, height, offer, imp.interstitialScreen);
}

/** Nothing to compare with, no format and no screen, allows any size. */
export function isOfferedSize(width: number, height: number, offer: BannerOffer, screen: Size | null): boolean {
  if (offer.sizes.length === 0 && offer.ratios.length === 0 && screen === null) return true;
  for (const size of offer.sizes) {
    if (size.w === width && size.h === height) return true;
  }
  return fitsRatio(width, height, offer.ratios) || (screen !== null && width <= screen.w && height <= screen.h);
}

export function fitsRatio(width: number, height: number, ratios: readonly RatioFormat[]): boolean {
  for (const { wratio, hratio, wmin } of ratios) {
    // Whole pixels can miss the exact ratio by less than one pixel of height.
    if (width >= wmin && Math.abs(height * wratio - width * hratio) < wratio) return true;
  }
  return false;
}

/** Flexible ads (Bid.wratio/hratio) declare a ratio instead of a size. */
function hasOfferedRatio(contender: Contender, offer: BannerOffer): boolean {
  const { wratio, hratio } = contender.bid;
  if (wratio === null || hratio === null || offer.ratios.length === 0) return true;
  for (const ratio of offer.ratios) {
    if (ratio.wratio * hratio === ratio.hratio * wratio) return true;
  }
  return false;
}

/** Plain HTML may be a text or a banner ad; only when both are blocked is it certainly one of the blocked. */
function hasBlockedType(contender: Contender, blockedTypes: readonly number[]): boolean {
  switch (contender.bid.htmlKind) {
    case 'script':
      return blockedTypes.includes(AdType.JavaScript);
    case 'iframe':
      return blockedTypes.includes(AdType.Iframe);
    case 'plain':
      return blockedTypes.includes(AdType.Text) && blockedTypes.includes(AdType.Banner);
    case null:
      return false;
  }
}

function checkTimedMedia(contender: Contender, offer: TimedMediaOffer): boolean {
  const { durationSec, protocol } = contender.bid;
  if (!isOfferedDuration(durationSec, offer)) {
    return contender.refuse('duration-not-offered', 'dur');
  }
  if (!isOfferedProtocol(protocol, offer)) {
    return contender.refuse('protocol-not-offered', 'protocol');
  }
  return checkAttributes(contender, offer.blockedAttributes);
}

/** An undeclared one passes. `rqddurs` excludes `minduration`/`maxduration` (Video.rqddurs). */
export function isOfferedDuration(durationSec: number | null, offer: TimedMediaOffer): boolean {
  if (durationSec === null) return true;
  if (offer.requiredDurationsSec.length > 0) return offer.requiredDurationsSec.includes(durationSec);
  if (offer.minDurationSec !== null && durationSec < offer.minDurationSec) return false;
  return offer.maxDurationSec === null || durationSec <= offer.maxDurationSec;
}

/** An undeclared one passes. */
export function isOfferedProtocol(protocol: number | null, { protocols }: TimedMediaOffer): boolean {
  return protocol === null || protocols.length === 0 || protocols.includes(protocol);
}

function checkAttributes(contender: Contender, blocked: readonly number[]): boolean {
  if (blocked.length === 0) return true;
  const { attributes } = contender.bid;
  for (let i = 0; i < attributes.length; i++) {
    if (blocked.includes(attributes[i]!)) return contender.refuse('blocked-attribute', `attr[${i}]`);
  }
  return true;
}
