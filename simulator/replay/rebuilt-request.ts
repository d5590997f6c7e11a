/**
 * The ad request of a recorded auction, as far as its event tells it: what was for sale and on which terms, the publisher, and the coarse
 * facts of the device. Users, device ids, addresses, pages, consent and whatever else privacy keeps out of events is not there
 * (docs/replay.md says all of it). Pure.
 */
import type {
  AuctionDeal,
  AuctionImp,
  AuctionInput,
  BannerOffer,
  DurationFloor,
  NativeOffer,
  TimedMediaOffer,
} from '../../engine/auction/types.ts';
import type { AuctionTerms } from '../../engine/exchange/auction-terms.ts';
import type { ImpFeatures, RequestFeatures } from '../../engine/traffic/request-features.ts';
import type { Audio, Banner, BidRequest, Deal, Device, DurFloors, Imp, Native, Video } from '../../openrtb/types.ts';

/** Of its event; `terms` may be its `AuctionInput`. */
export interface RecordedRequest {
  readonly requestId: string;
  readonly isTest: boolean;
  readonly features: RequestFeatures;
  readonly terms: AuctionTerms;
}

/** Valid OpenRTB 2.6, from which `auctionTerms` makes the recorded terms again, but for what configuration says. */
export function rebuiltRequest({ requestId, isTest, features, terms }: RecordedRequest): BidRequest {
  const screen = terms.imps.find(({ interstitialScreen }) => interstitialScreen !== null)?.interstitialScreen;
  return {
    id: requestId,
    imp: terms.imps.map((imp, index) => rebuiltImp(imp, features.imps[index], terms.currency)),
    ...inventoryOf(features),
    ...deviceOf(features, screen),
    ...(isTest && { test: 1 }),
    // Who is charged what was bid may have been told so by the publisher, or by a rule for the placement.
    at: terms.mechanism === 'first_price' ? 1 : 2,
    cur: terms.allowedCurrencies,
    cattax: terms.categoryTaxonomy,
    ...filled({
      wseat: terms.allowedSeats,
      bseat: terms.blockedSeats,
      bcat: terms.blockedCategories,
      acat: terms.allowedCategories,
      badv: terms.blockedAdvertisers,
      bapp: terms.blockedBundles,
      wlangb: terms.allowedLanguages,
    }),
  };
}

function inventoryOf({ channel, publisherId, inventory }: RequestFeatures): Pick<BidRequest, 'app' | 'site' | 'dooh'> {
  const publisher = publisherId === '' ? {} : { publisher: { id: publisherId } };
  const domain = inventory === '' ? {} : { domain: inventory };
  switch (channel) {
    case 'app':
      return { app: { ...publisher, ...(inventory !== '' && { bundle: inventory }) } };
    case 'site':
      return { site: { ...publisher, ...domain } };
    case 'dooh':
      return { dooh: { ...publisher, ...domain } };
    case 'unknown':
      return {};
    default:
      return channel satisfies never;
  }
}

function deviceOf(
  { country, deviceType, os, connectionType }: RequestFeatures,
  screen: AuctionImp['interstitialScreen'] | undefined,
): Pick<BidRequest, 'device'> {
  const device: Device = {
    ...(country !== '' && { geo: { country } }),
    ...(deviceType > 0 && { devicetype: deviceType }),
    ...(os !== '' && { os }),
    ...(connectionType > 0 && { connectiontype: connectionType }),
    ...screen,
  };
  return Object.keys(device).length === 0 ? {} : { device };
}

function rebuiltImp(imp: AuctionImp, features: ImpFeatures | undefined, currency: string): Imp {
  const deals = imp.deals.map((deal) => rebuiltDeal(deal, currency));
  return {
    id: imp.id,
    ...(imp.placementId !== '' && { tagid: imp.placementId }),
    ...(imp.banner !== null && { banner: rebuiltBanner(imp.banner) }),
    ...(imp.video !== null && { video: rebuiltVideo(imp, imp.video, features) }),
    ...(imp.audio !== null && { audio: { mimes: AUDIO_MIMES, ...timedMedia(imp.audio) } satisfies Audio }),
    ...(imp.native !== null && { native: rebuiltNative(imp.native) }),
    ...(imp.interstitialScreen !== null && { instl: 1 }),
    ...floorOf(imp.requestFloorCpmMicros, currency),
    ...(imp.expectedDelaySec !== null && { exp: imp.expectedDelaySec }),
    secure: imp.secure ? 1 : 0,
    ...((deals.length > 0 || imp.privateAuction) && { pmp: { private_auction: imp.privateAuction ? 1 : 0, deals } }),
  };
}

const VIDEO_MIMES: readonly string[] = ['video/mp4'];
const AUDIO_MIMES: readonly string[] = ['audio/mpeg', 'audio/mp4'];

function rebuiltBanner({ sizes, ratios, blockedAttributes, blockedTypes }: BannerOffer): Banner {
  const format = [
    ...sizes,
    ...ratios.map(({ wratio, hratio, wmin }) => ({ wratio, hratio, ...(wmin > 0 && { wmin }) })),
  ];
  return filled({ format, battr: blockedAttributes, btype: blockedTypes });
}

/** Where there is a banner too, features have its size. */
function rebuiltVideo({ banner }: AuctionImp, video: TimedMediaOffer, features: ImpFeatures | undefined): Video {
  const { width = 0, height = 0 } = banner === null ? (features ?? {}) : {};
  return { mimes: VIDEO_MIMES, ...(width > 0 && height > 0 && { w: width, h: height }), ...timedMedia(video) };
}

function timedMedia(media: TimedMediaOffer): Omit<Video & Audio, 'mimes'> {
  const { minDurationSec, maxDurationSec, minCpmPerSecMicros } = media;
  return {
    ...(minDurationSec !== null && { minduration: minDurationSec }),
    ...(maxDurationSec !== null && { maxduration: maxDurationSec }),
    ...(minCpmPerSecMicros !== null && { mincpmpersec: decimal(minCpmPerSecMicros) }),
    ...filled({
      rqddurs: media.requiredDurationsSec,
      protocols: media.protocols,
      battr: media.blockedAttributes,
      durfloors: media.durationFloors.map(rebuiltDurationFloor),
    }),
  };
}

function rebuiltDurationFloor({ minSec, maxSec, floorCpmMicros }: DurationFloor): DurFloors {
  return {
    ...(minSec !== null && { mindur: minSec }),
    ...(maxSec !== null && { maxdur: maxSec }),
    bidfloor: decimal(floorCpmMicros),
  };
}

/** Native 1.2; of assets that nobody has to fill, events tell nothing. */
function rebuiltNative({ requiredAssets, blockedAttributes }: NativeOffer): Native {
  const assets = requiredAssets.map((key) => {
    const [id, kind] = key.split(' ') as [string, keyof typeof ASSETS];
    return { id: Number(id), required: 1, [kind]: ASSETS[kind] };
  });
  const request = { ver: '1.2', assets: assets.length > 0 ? assets : [{ id: 1, required: 0, title: ASSETS.title }] };
  return { request: JSON.stringify(request), ver: '1.2', ...filled({ battr: blockedAttributes }) };
}

const ASSETS = {
  title: { len: 90 },
  img: { type: 3, wmin: 600, hmin: 314 },
  video: { mimes: VIDEO_MIMES, minduration: 1, maxduration: 60, protocols: [2, 3] },
  data: { type: 1 },
} as const;

function rebuiltDeal(deal: AuctionDeal, currency: string): Deal {
  return {
    id: deal.id,
    ...floorOf(deal.floorCpmMicros, currency),
    ...(deal.auctionType !== null && { at: deal.auctionType }),
    ...(deal.guaranteed && { guar: 1 }),
    ...(deal.minCpmPerSecMicros !== null && { mincpmpersec: decimal(deal.minCpmPerSecMicros) }),
    ...filled({
      wseat: deal.seats,
      wadomain: deal.advertiserDomains,
      durfloors: deal.durationFloors.map(rebuiltDurationFloor),
    }),
    // What floors of durations are in.
    bidfloorcur: currency,
  };
}

function floorOf(floorCpmMicros: number, currency: string): Pick<Imp, 'bidfloor' | 'bidfloorcur'> {
  return { ...(floorCpmMicros > 0 && { bidfloor: decimal(floorCpmMicros) }), bidfloorcur: currency };
}

function decimal(micros: number): number {
  return micros / 1_000_000;
}

/** Lists that hold something. */
function filled<Lists extends Readonly<Record<string, readonly unknown[]>>>(lists: Lists): Partial<Lists> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<Lists>;
}

/** Of an event that reached its decision. */
export function termsOf({ bids: _, conversionRates: __, ...terms }: AuctionInput): AuctionTerms {
  return terms;
}
