/**
 * The auction in domain terms. The wire (OpenRTB spelling, decimal prices, optional everything) is translated to these
 * types once, at the edge; the decision reads nothing else. All of it is plain JSON, so an `auction` event that records
 * an `AuctionInput` can be cleared again and must give the same `AuctionOutcome`.
 *
 * Money: `…CpmMicros` is a safe integer, millionths of the auction currency per thousand impressions;
 * `…ClickMicros` and `…ConversionMicros` likewise per click and per conversion; `…UnitMicros` per what the bid pays for.
 */
import type { LossReason } from '../../openrtb/codes.ts';
import type { NativeAssetKey } from '../../openrtb/native-answer.ts';
import type { VerdictReason } from './reasons.ts';

/** How winners are charged. `gsp` is the generalised second price, which with one slot is the second-price auction. */
export type Mechanism = 'first_price' | 'gsp' | 'vcg';

export type MediaType = 'banner' | 'video' | 'audio' | 'native';

/** What a bidder pays for, the unit of its price: a thousand impressions, one click or one conversion. */
export type PricingModel = 'cpm' | 'cpc' | 'cpa';

export interface Size {
  readonly w: number;
  readonly h: number;
}

/** A flexible banner format (2.5 `Format.wratio/hratio/wmin`). */
export interface RatioFormat {
  readonly wratio: number;
  readonly hratio: number;
  readonly wmin: number;
}

export interface BannerOffer {
  readonly sizes: readonly Size[];
  readonly ratios: readonly RatioFormat[];
  readonly blockedAttributes: readonly number[];
  /** `btype`: advisory on the wire (nothing in a bid declares it); checked against what the markup looks like. */
  readonly blockedTypes: readonly number[];
}

/** Video and audio share these rules. */
export interface TimedMediaOffer {
  readonly minDurationSec: number | null;
  readonly maxDurationSec: number | null;
  readonly requiredDurationsSec: readonly number[];
  /** Empty: any. */
  readonly protocols: readonly number[];
  readonly blockedAttributes: readonly number[];
  readonly durationFloors: readonly DurationFloor[];
  readonly minCpmPerSecMicros: number | null;
}

export interface NativeOffer {
  readonly blockedAttributes: readonly number[];
  /** Assets that every answer must hold (`required: 1`), each once. */
  readonly requiredAssets: readonly NativeAssetKey[];
}

/** At least one bound is set; ranges may overlap, the highest matching floor counts (docs/openrtb.md). */
export interface DurationFloor {
  readonly minSec: number | null;
  readonly maxSec: number | null;
  readonly floorCpmMicros: number;
}

export interface AuctionDeal {
  readonly id: string;
  readonly floorCpmMicros: number;
  /** Deal.at: 1 first price, 2 second price, 3 the floor is the agreed price; null = the auction's own mechanism. */
  readonly auctionType: 1 | 2 | 3 | null;
  readonly seats: readonly string[];
  readonly advertiserDomains: readonly string[];
  readonly guaranteed: boolean;
  readonly durationFloors: readonly DurationFloor[];
  readonly minCpmPerSecMicros: number | null;
}

export interface AuctionImp {
  readonly id: string;
  /** Publisher placement (imp.tagid), empty when unknown. */
  readonly placementId: string;
  /** What a reserve is learned for: publisher id, U+001F, imp.tagid. Empty when the tagid is unknown: none is learned. */
  readonly reserveKey: string;
  /** Relative click (or view) weight of each position, first = best, descending. `[1]` = one winner. */
  readonly slotWeights: readonly number[];
  readonly banner: BannerOffer | null;
  readonly video: TimedMediaOffer | null;
  readonly audio: TimedMediaOffer | null;
  readonly native: NativeOffer | null;
  /** Only secure (https) markup may win. */
  readonly secure: boolean;
  /** Screen of an interstitial: any size that fits may win; null when not interstitial or unknown. */
  readonly interstitialScreen: Size | null;
  /** Least useful lifetime of a bid in seconds (imp.exp: expected delay before display); null = unknown. */
  readonly expectedDelaySec: number | null;
  readonly privateAuction: boolean;
  readonly deals: readonly AuctionDeal[];
  /** imp.bidfloor in the auction currency. */
  readonly requestFloorCpmMicros: number;
  /** From configured floor rules; 0 = none. */
  readonly ruleFloorCpmMicros: number;
  /** From the learned reserve of this placement; 0 = none or too little data. */
  readonly learnedFloorCpmMicros: number;
}

/**
 * `model`: scored for this bid. `l1`, `l2`: what it said before, kept in this process or shared by all, and still fresh;
 * `stale`: past its time. `fallback`: the model gave nothing, and the rate is what it gave for the like before. `prior`:
 * the configured rate of the media type, since the rank of the bid does not depend on it or no model is configured.
 */
export type EstimateSource = 'model' | 'l1' | 'l2' | 'stale' | 'fallback' | 'prior';

/** Of a model in this process its number, of one behind a server what that calls it; empty if it does not say. */
export type ModelVersion = number | string;

/**
 * Of our own when it has won and could not be reserved; of a DSP when no event could bill its ad, found before it is ranked or when it
 * has won.
 */
export type WithheldReason = 'budget-refused' | 'frequency-capped' | 'untrackable-pricing' | 'untrackable-markup';

/** Everything of one bid that the decision may look at. Markup itself stays outside; only facts about it come in. */
export interface BidCandidate {
  /** Index in `AuctionInput.bids`; links the outcome back to the wire bid. Never part of a decision. */
  readonly index: number;
  /** DSP id from configuration, or `house`. */
  readonly dspId: string;
  /** Seat on behalf of which the bid is made; null when the DSP sent none. */
  readonly seat: string | null;
  /** Bids of one all-or-nothing seatbid (`group: 1`) share a key; null = independent. */
  readonly groupKey: string | null;
  readonly bidId: string;
  readonly impId: string;
  readonly dealId: string | null;
  readonly pricing: PricingModel;
  /** As bid, per unit of its `pricing`, in micros of `currency`. */
  readonly priceMicros: number;
  /** Upper-case ISO 4217. */
  readonly currency: string;
  /** Estimated click probability, 0..1. Ranks CPC and CPA bids; carried for CPM bids. */
  readonly ctr: number;
  /** Where the estimate came from. No part of the decision. */
  readonly ctrSource: EstimateSource;
  /** Version of the model that gave it; null when `ctrSource` is `fallback` or `prior`. */
  readonly ctrModel: ModelVersion | null;
  /** Estimated probability of a conversion given a click, 0..1. Ranks CPA bids; carried for the others. */
  readonly cvr: number;
  /** As for the click estimate. */
  readonly cvrSource: EstimateSource;
  readonly cvrModel: ModelVersion | null;
  /** Relevance multiplier of the estimates, 1 = neutral. Ranks CPC and CPA bids only. */
  readonly quality: number;
  /** Bare lower-case hosts (no scheme, path, `www.`). */
  readonly advertiserDomains: readonly string[];
  readonly categories: readonly string[];
  readonly categoryTaxonomy: number;
  readonly bundle: string | null;
  readonly attributes: readonly number[];
  readonly protocol: number | null;
  /** ISO 639-1 or BCP 47, lower case; null when not declared. */
  readonly language: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly wratio: number | null;
  readonly hratio: number | null;
  readonly durationSec: number | null;
  readonly expirySec: number | null;
  /** Declared `mtype` as a media type, `unknown` for a value outside 1..4, null when absent. */
  readonly declaredMedia: MediaType | 'unknown' | null;
  /** What the markup looks like: VAST/DAAST root, native JSON, HTML; null when there is no markup in the bid. */
  readonly sniffedMedia: 'vast' | 'daast' | 'native' | 'html' | null;
  readonly creativeId: string | null;
  readonly hasMarkup: boolean;
  /** Its nurl may serve the markup when `hasMarkup` is false. */
  readonly hasWinNoticeUrl: boolean;
  /** Markup (or nurl, when it serves the markup) loads something over plain `http:`. */
  readonly hasInsecureMarkup: boolean;
  /** The HTML markup is or contains a script / an iframe: what `btype` can be checked against. */
  readonly htmlKind: 'script' | 'iframe' | 'plain' | null;
  /** The native markup says where a click leads; null when there is no native markup in the bid. */
  readonly hasNativeLink: boolean | null;
  /** Assets of the native markup, each once; null when there is no native markup, or it has them elsewhere (`assetsurl`). */
  readonly nativeAssets: readonly NativeAssetKey[] | null;
  /**
   * Of our own, sold in advance: ranks before all others and pays what it was sold at; no floor but the request's binds it.
   */
  readonly isGuaranteed: boolean;
  /** Why the exchange keeps back a bid that might win otherwise; null: nothing. */
  readonly withheld: WithheldReason | null;
}

export interface AuctionPolicy {
  readonly missingCreativeId: 'accept' | 'refuse';
  readonly missingAdvertiserDomain: 'accept' | 'refuse';
  /** Bids without cat while bcat/acat is set. */
  readonly missingCategory: 'accept' | 'refuse';
  readonly bannerSize: 'enforce' | 'ignore';
  /** `deal_first`: a valid deal bid beats every open bid (losers get 103). `price_first`: eCPM alone decides. */
  readonly dealOrder: 'deal_first' | 'price_first';
  /** Added to the runner-up's price; never lifts a price above the bid. */
  readonly incrementCpmMicros: number;
  /** Same for CPC winners. */
  readonly incrementClickMicros: number;
  /** Same for CPA winners. */
  readonly incrementConversionMicros: number;
  /** Refuse absurd prices (a typo must not bill): a bid whose expected revenue per mille is above this is invalid. */
  readonly maximumCpmMicros: number;
  /** Whether configured and learned floors also bind deal bids; the deal's own floor always does. */
  readonly floorRulesBindDeals: boolean;
}

/** Blocks agreed with one DSP. */
export interface DspBlocks {
  readonly advertisers: readonly string[];
  /** Of content taxonomy 1.0. */
  readonly categories: readonly string[];
}

export interface AuctionInput {
  /** Ours, unique over all processes. */
  readonly auctionId: string;
  readonly mechanism: Mechanism;
  /** Currency of every `…Micros` in `imps` and `policy` and of the outcome. */
  readonly currency: string;
  /** Currencies bids may come in (request `cur`), upper case. */
  readonly allowedCurrencies: readonly string[];
  /** Units of the auction currency per one unit of the key currency; a currency that is missing cannot be converted. */
  readonly conversionRates: Readonly<Record<string, number>>;
  readonly allowedSeats: readonly string[];
  readonly blockedSeats: readonly string[];
  readonly blockedCategories: readonly string[];
  readonly allowedCategories: readonly string[];
  readonly categoryTaxonomy: number;
  readonly blockedAdvertisers: readonly string[];
  readonly blockedBundles: readonly string[];
  /** What the exchange blocks for single DSPs on top, by DSP id; only DSPs that have such blocks. */
  readonly dspBlocks: Readonly<Record<string, DspBlocks>>;
  readonly allowedLanguages: readonly string[];
  readonly policy: AuctionPolicy;
  readonly imps: readonly AuctionImp[];
  /** In order of arrival; the outcome must not depend on the order. */
  readonly bids: readonly BidCandidate[];
}

/** A bid that won one position of one imp. */
export interface Win {
  readonly bidIndex: number;
  readonly impId: string;
  /** 0 = best position. */
  readonly position: number;
  readonly media: MediaType;
  /** Expected revenue per mille at the clearing price, auction currency. For CPM bids the clearing price itself. */
  readonly clearingCpmMicros: number;
  /** What the buyer pays, auction currency: per mille, click or conversion, as it bid. */
  readonly clearingUnitMicros: number;
  /** The same in the bid's own currency, rounded down, never above the bid. */
  readonly clearingPriceMicrosInBidCurrency: number;
  /** eCPM of the runner-up that set the price; null when the reserve (or the own bid, in first price) did. */
  readonly runnerUpEcpmMicros: number | null;
  readonly reserveCpmMicros: number;
}

/** What became of one bid, same order as `AuctionInput.bids`. */
export interface BidVerdict {
  readonly bidIndex: number;
  readonly status: 'won' | 'lost' | 'refused';
  /** 0 for winners. */
  readonly lossReason: LossReason;
  /** Finer than the loss code. */
  readonly reason: VerdictReason;
  /** The field that decided, as path inside the bid (`adomain[0]`), empty when none. */
  readonly field: string;
  /** In the auction currency; 0 when it could not be computed. */
  readonly ecpmMicros: number;
  /** Floor that applied to this bid, auction currency; 0 when refused before floors. */
  readonly reserveCpmMicros: number;
  /**
   * ${AUCTION_MIN_TO_WIN} in the bid's own currency and unit, micros: winner: price that ties the runner-up or the floor;
   * loser: what would have won (OPENRTB: clearing price in second price); null when the bid was refused or price was not decisive.
   */
  readonly minimumToWinMicros: number | null;
  readonly media: MediaType | null;
}

export interface AuctionOutcome {
  /** Imp order of the request, then position. */
  readonly wins: readonly Win[];
  readonly bids: readonly BidVerdict[];
}
