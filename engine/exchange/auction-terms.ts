/**
 * From a request to the terms of its auction: everything of `AuctionInput` but the bids. This is the one place where
 * OpenRTB's request fields become domain values with units.
 */
import { type CurrencyTable, rateBetween } from '../../openrtb/currency.ts';
import { requiredAssetsOf } from '../../openrtb/native-answer.ts';
import type { Audio, Banner, BidRequest, Deal, Device, DurFloors, Imp, Native, Video } from '../../openrtb/types.ts';
import { type FloorTable, floorFor } from '../auction/floors.ts';
import { roundUpMicros } from '../auction/micros.ts';
import type {
  AuctionDeal,
  AuctionImp,
  AuctionInput,
  AuctionPolicy,
  BannerOffer,
  DurationFloor,
  Mechanism,
  NativeOffer,
  RatioFormat,
  Size,
  TimedMediaOffer,
} from '../auction/types.ts';
import { mediaOf, type RequestFeatures } from '../traffic/request-features.ts';

export type AuctionTerms = Omit<AuctionInput, 'bids' | 'conversionRates'>;

export interface PlacementRules {
  /** Overrides the request's `at` for this placement. */
  readonly mechanism: Mechanism | null;
  readonly slotWeights: readonly number[];
}

/** What the exchange decided for all auctions, compiled from configuration. */
export interface ExchangeRules {
  /** Currency of `policy`, `floors` and learned reserves. */
  readonly currency: string;
  readonly currencies: CurrencyTable;
  readonly policy: AuctionPolicy;
  /** How `at: 2` is charged where no placement says otherwise. */
  readonly secondPriceMechanism: 'gsp' | 'vcg';
  readonly placements: ReadonlyMap<string, PlacementRules>;
  readonly floors: FloorTable;
  readonly dspBlocks: AuctionInput['dspBlocks'];
}

/** Learned reserve by `AuctionImp.reserveKey`, in micros of the exchange currency; 0 while there is too little data. */
export type LearnedReserves = (reserveKey: string) => number;

/** No currency that the publisher accepts can be converted into: the request cannot be priced. */
export class UnpriceableRequest extends Error {
  readonly path: string;
  constructor(path: string, message: string) {
    super(message);
    this.name = 'UnpriceableRequest';
    this.path = path;
  }
}

const SINGLE_SLOT: readonly number[] = [1];
const NO_STRINGS: readonly string[] = [];
const NO_NUMBERS: readonly number[] = [];

/** Throws `UnpriceableRequest` when a currency is needed that the table lacks: money is never guessed. */
export function auctionTerms(
  auctionId: string,
  request: BidRequest,
  features: RequestFeatures,
  rules: ExchangeRules,
  learnedReserves: LearnedReserves,
): AuctionTerms {
  const accepted = acceptedCurrencies(request);
  const currency = auctionCurrency(accepted, rules);
  const money = new Converter(rules, currency);
  return {
    auctionId,
    mechanism: mechanismFor(request, rules),
    currency,
    allowedCurrencies: accepted,
    allowedSeats: request.wseat ?? NO_STRINGS,
    blockedSeats: request.bseat ?? NO_STRINGS,
    blockedCategories: request.bcat ?? NO_STRINGS,
    allowedCategories: request.acat ?? NO_STRINGS,
    categoryTaxonomy: request.cattax ?? 1,
    blockedAdvertisers: request.badv ?? NO_STRINGS,
    blockedBundles: request.bapp ?? NO_STRINGS,
    dspBlocks: rules.dspBlocks,
    allowedLanguages: request.wlangb ?? request.wlang ?? NO_STRINGS,
    policy: money.policy(),
    imps: request.imp.map((imp, index) =>
      auctionImp(imp, `imp[${index}]`, request.device, features, rules, money, learnedReserves),
    ),
  };
}

/**
 * One mechanism for the whole request, since `at` is sent to bidders once and must be what is executed. First price wins
 * a disagreement between placements: who was told "first price" and is charged less is never harmed, the reverse is.
 */
export function mechanismFor(request: BidRequest, rules: ExchangeRules): Mechanism {
  if (request.at === 1) return 'first_price';
  let mechanism: Mechanism = rules.secondPriceMechanism;
  for (const imp of request.imp) {
    const override = placementRules(imp, rules)?.mechanism;
    if (override === 'first_price') return 'first_price';
    if (override !== null && override !== undefined) mechanism = override;
  }
  return mechanism;
}

function placementRules(imp: Imp, rules: ExchangeRules): PlacementRules | undefined {
  return imp.tagid === undefined ? undefined : rules.placements.get(imp.tagid);
}

const USD_ONLY: readonly string[] = ['USD'];

/** Absent `cur` = USD only; an empty list says no more than an absent one. */
function acceptedCurrencies({ cur }: BidRequest): readonly string[] {
  return cur === undefined || cur.length === 0 ? USD_ONLY : cur;
}

/** Our own currency when the publisher takes it, else the first we can convert into. */
function auctionCurrency(accepted: readonly string[], rules: ExchangeRules): string {
  if (accepted.includes(rules.currency)) return rules.currency;
  const convertible = accepted.find((code) => rateBetween(rules.currencies, rules.currency, code) !== null);
  if (convertible !== undefined) return convertible;
  throw new UnpriceableRequest('cur', `cur: none of the accepted currencies can be converted from ${rules.currency}`);
}

/** Brings amounts into the auction currency. */
class Converter {
  readonly #rules: ExchangeRules;
  readonly #currency: string;
  readonly #fromExchange: number;

  constructor(rules: ExchangeRules, currency: string) {
    this.#rules = rules;
    this.#currency = currency;
    this.#fromExchange = rateBetween(rules.currencies, rules.currency, currency) ?? 1;
  }

  /** For the floors of one imp or deal; `path` is where it names its currency, absent = USD. */
  floors(currency: string | undefined, path: string): FloorConverter {
    return new FloorConverter(rateBetween(this.#rules.currencies, currency ?? 'USD', this.#currency), path);
  }

  /** Micros of the exchange currency. */
  ownMicros(micros: number): number {
    return this.#fromExchange === 1 ? micros : Math.round(micros * this.#fromExchange);
  }

  policy(): AuctionPolicy {
    const { policy } = this.#rules;
    if (this.#fromExchange === 1) return policy;
    return {
      ...policy,
      incrementCpmMicros: this.ownMicros(policy.incrementCpmMicros),
      incrementClickMicros: this.ownMicros(policy.incrementClickMicros),
      incrementConversionMicros: this.ownMicros(policy.incrementConversionMicros),
      maximumCpmMicros: this.ownMicros(policy.maximumCpmMicros),
    };
  }
}

/** Brings the floors of one imp or deal into the auction currency. */
class FloorConverter {
  readonly #rate: number | null;
  readonly #path: string;

  constructor(rate: number | null, path: string) {
    this.#rate = rate;
    this.#path = path;
  }

  /** From a decimal CPM to the nearest micro: a bid equal to the floor passes. No floor needs no rate. */
  micros(amount: number | undefined): number {
    if (amount === undefined || amount === 0) return 0;
    if (this.#rate === null) throw new UnpriceableRequest(this.#path, `${this.#path}: cannot be converted`);
    // Up: a bid below the floor never passes.
    return Math.min(Number.MAX_SAFE_INTEGER, roundUpMicros(amount * this.#rate * 1_000_000));
  }
}

function auctionImp(
  imp: Imp,
  path: string,
  device: Device | undefined,
  features: RequestFeatures,
  rules: ExchangeRules,
  money: Converter,
  learnedReserves: LearnedReserves,
): AuctionImp {
  const reserveKey = imp.tagid ? `${features.publisherId}\u001f${imp.tagid}` : '';
  const banner = imp.banner === undefined ? null : bannerOffer(imp.banner);
  const floors = money.floors(imp.bidfloorcur, `${path}.bidfloorcur`);
  return {
    id: imp.id,
    placementId: imp.tagid ?? '',
    reserveKey,
    slotWeights: placementRules(imp, rules)?.slotWeights ?? SINGLE_SLOT,
    banner,
    video: imp.video === undefined ? null : timedOffer(imp.video, floors),
    audio: imp.audio === undefined ? null : timedOffer(imp.audio, floors),
    native: imp.native === undefined ? null : nativeOffer(imp.native),
    secure: imp.secure === 1,
    interstitialScreen: imp.instl === 1 ? screenOf(device, banner) : null,
    expectedDelaySec: imp.exp ?? null,
    privateAuction: imp.pmp?.private_auction === 1,
    deals: (imp.pmp?.deals ?? []).map((deal, index) =>
      auctionDeal(deal, money.floors(deal.bidfloorcur, `${path}.pmp.deals[${index}].bidfloorcur`)),
    ),
    requestFloorCpmMicros: floors.micros(imp.bidfloor),
    ruleFloorCpmMicros: money.ownMicros(ruleFloor(imp, banner, features, rules)),
    learnedFloorCpmMicros: money.ownMicros(learnedReserves(reserveKey)),
  };
}

/** The rule of the imp's first size and of each media type it offers; the highest counts, since any of them may serve. */
function ruleFloor(imp: Imp, banner: BannerOffer | null, features: RequestFeatures, rules: ExchangeRules): number {
  let floor = 0;
  for (const mediaType of mediaOf(imp)) {
    const query = {
      publisherId: features.publisherId || null,
      placementId: imp.tagid ?? null,
      country: features.country || null,
      size: mediaType === 'banner' ? (banner?.sizes[0] ?? null) : null,
      mediaType,
    };
    floor = Math.max(floor, floorFor(rules.floors, query));
  }
  return floor;
}

function bannerOffer(banner: Banner): BannerOffer {
  const sizes: Size[] = [];
  const ratios: RatioFormat[] = [];
  for (const format of banner.format ?? []) {
    if (format.w !== undefined && format.h !== undefined) sizes.push({ w: format.w, h: format.h });
    else if (format.wratio !== undefined && format.hratio !== undefined) {
      ratios.push({ wratio: format.wratio, hratio: format.hratio, wmin: format.wmin ?? 0 });
    }
  }
  const { w, h } = banner;
  if (w !== undefined && h !== undefined && !sizes.some((size) => size.w === w && size.h === h)) sizes.push({ w, h });
  return {
    sizes,
    ratios,
    blockedAttributes: banner.battr ?? NO_NUMBERS,
    blockedTypes: banner.btype ?? NO_NUMBERS,
  };
}

function timedOffer(media: Video | Audio, floors: FloorConverter): TimedMediaOffer {
  return {
    minDurationSec: media.minduration ?? null,
    maxDurationSec: media.maxduration ?? null,
    requiredDurationsSec: media.rqddurs ?? NO_NUMBERS,
    protocols: media.protocols ?? NO_NUMBERS,
    blockedAttributes: media.battr ?? NO_NUMBERS,
    durationFloors: durationFloors(media.durfloors, floors),
    minCpmPerSecMicros: perSecondFloor(media.mincpmpersec, floors),
  };
}

function nativeOffer(native: Native): NativeOffer {
  return { blockedAttributes: native.battr ?? NO_NUMBERS, requiredAssets: requiredAssetsOf(native.request) };
}

/** A deal's floors are in its own currency, never in that of the imp (2.6, object Deal). */
function auctionDeal(deal: Deal, floors: FloorConverter): AuctionDeal {
  return {
    id: deal.id,
    floorCpmMicros: floors.micros(deal.bidfloor),
    auctionType: deal.at === 1 || deal.at === 2 || deal.at === 3 ? deal.at : null,
    seats: deal.wseat ?? NO_STRINGS,
    advertiserDomains: deal.wadomain ?? NO_STRINGS,
    guaranteed: deal.guar === 1,
    durationFloors: durationFloors(deal.durfloors, floors),
    minCpmPerSecMicros: perSecondFloor(deal.mincpmpersec, floors),
  };
}

function durationFloors(ranges: readonly DurFloors[] | undefined, floors: FloorConverter): DurationFloor[] {
  return (ranges ?? []).map((range) => ({
    minSec: range.mindur ?? null,
    maxSec: range.maxdur ?? null,
    floorCpmMicros: floors.micros(range.bidfloor),
  }));
}

function perSecondFloor(amount: number | undefined, floors: FloorConverter): number | null {
  return amount === undefined ? null : floors.micros(amount);
}

function screenOf(device: Device | undefined, banner: BannerOffer | null): Size | null {
  if (device?.w !== undefined && device.h !== undefined) return { w: device.w, h: device.h };
  return banner?.sizes[0] ?? null;
}
