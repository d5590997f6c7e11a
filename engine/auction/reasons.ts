/**
 * Why a bid did not win: the closed list of `BidVerdict.reason`, finer than the loss codes of OpenRTB (3.0 list
 * "Loss Reason Codes", OPENRTB `${AUCTION_LOSS}`) that DSPs are told.
 */
import { LossReason } from '../../openrtb/codes.ts';

interface Reason {
  readonly lossReason: LossReason;
  readonly meaning: string;
}

/** The bid could not take part. The first rule that fails, in the order of this table, is reported. */
export const REFUSALS = {
  'unknown-imp': { lossReason: LossReason.InvalidBidResponse, meaning: 'impid names no imp of the request' },
  'budget-refused': {
    lossReason: LossReason.InternalError,
    meaning: 'a bid of our own won, and the budget of its campaign did not give the price',
  },
  'frequency-capped': {
    lossReason: LossReason.InternalError,
    meaning: 'a bid of our own won, and its user has meanwhile seen the campaign often enough',
  },
  'untrackable-pricing': {
    lossReason: LossReason.CreativeFiltered,
    meaning: 'events bill, and none tells what the bid pays for: a conversion, or a click on a banner',
  },
  'untrackable-markup': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning:
      'events bill, and its markup, or that of several winners of its DSP, has no safe place for the URL that tells what it pays for',
  },
  'invalid-price': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'price is not a positive safe integer of micros, nor 0 for a deal whose floor is 0',
  },
  'unusable-estimate': {
    lossReason: LossReason.InternalError,
    meaning:
      'the click estimate of a CPC or CPA bid, or the conversion estimate of a CPA bid, is not in (0, 1], or its quality is not positive: the bid cannot be ranked',
  },
  'currency-not-allowed': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'the currency is neither in the request nor convertible',
  },
  'currency-not-convertible': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'the request allows the currency, but there is no rate to the auction currency',
  },
  'absurd-price': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'CPM (or CPC x CTR x 1000) is above the maximum',
  },
  'seat-missing': {
    lossReason: LossReason.SeatBlocked,
    meaning: 'only listed seats may win (wseat) and the bid names none',
  },
  'seat-not-allowed': { lossReason: LossReason.SeatBlocked, meaning: 'the seat is not in wseat' },
  'seat-blocked': { lossReason: LossReason.SeatBlocked, meaning: 'the seat is in bseat' },
  'unknown-deal': { lossReason: LossReason.InvalidDealId, meaning: 'dealid names no deal of the imp' },
  'open-bid-in-private-auction': {
    lossReason: LossReason.InvalidDealId,
    meaning: 'the imp is sold to its deals only and the bid names none',
  },
  'seat-not-in-deal': { lossReason: LossReason.SeatBlocked, meaning: 'the seat is not in deal.wseat' },
  'advertiser-not-in-deal': {
    lossReason: LossReason.CreativeFilteredNotAllowedInDeal,
    meaning: 'not every advertiser domain is in deal.wadomain, or the bid names none',
  },
  'missing-markup': { lossReason: LossReason.MissingMarkup, meaning: 'neither adm nor nurl' },
  'unknown-media-type': { lossReason: LossReason.CreativeFilteredFormat, meaning: 'mtype is outside 1..4' },
  'media-not-offered': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'the imp does not offer this media type',
  },
  'ambiguous-media': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'no mtype, several media types offered, and the markup does not tell which',
  },
  'markup-of-wrong-kind': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'the markup is not of the kind its media type needs',
  },
  'native-link-missing': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'the native markup has no link.url, or cannot be read',
  },
  'native-asset-missing': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'the native markup lacks a required asset, by id and kind',
  },
  'missing-creative-id': { lossReason: LossReason.MissingCreativeId, meaning: 'no crid, which the policy demands' },
  'missing-advertiser-domain': {
    lossReason: LossReason.MissingCreativeApprovalData,
    meaning: 'no adomain, which the policy demands',
  },
  'size-not-offered': { lossReason: LossReason.CreativeFilteredSize, meaning: 'the banner size matches no format' },
  'duration-not-offered': {
    lossReason: LossReason.CreativeFilteredFormat,
    meaning: 'dur is outside minduration..maxduration or not in rqddurs',
  },
  'protocol-not-offered': { lossReason: LossReason.CreativeFilteredFormat, meaning: 'protocol is not in protocols' },
  'blocked-attribute': {
    lossReason: LossReason.CreativeFilteredAttribute,
    meaning: 'a creative attribute is in battr',
  },
  'blocked-ad-type': { lossReason: LossReason.CreativeFilteredAdType, meaning: 'the markup is of a type in btype' },
  'insecure-markup': {
    lossReason: LossReason.CreativeFilteredNotSecure,
    meaning: 'plain http in the markup of a secure imp',
  },
  'expires-too-early': {
    lossReason: LossReason.OpportunityExpired,
    meaning: 'bid.exp is shorter than the expected delay before display',
  },
  'blocked-advertiser': {
    lossReason: LossReason.CreativeFilteredAdvertiser,
    meaning: 'an advertiser domain or a parent of it is in badv',
  },
  'blocked-bundle': { lossReason: LossReason.CreativeFilteredAppBundle, meaning: 'the advertised app is in bapp' },
  'missing-category': {
    lossReason: LossReason.CreativeFilteredCategory,
    meaning: 'no category that can be compared with bcat or acat, which the policy demands',
  },
  'blocked-category': { lossReason: LossReason.CreativeFilteredCategory, meaning: 'a category is in bcat' },
  'category-not-allowed': { lossReason: LossReason.CreativeFilteredCategory, meaning: 'a category is not in acat' },
  'language-not-allowed': { lossReason: LossReason.CreativeFilteredLanguage, meaning: 'the language is not in wlang' },
  'deal-without-price': {
    lossReason: LossReason.InvalidDealId,
    meaning: 'the deal is sold at its floor (at: 3) and has none',
  },
  'below-deal-floor': { lossReason: LossReason.BelowDealFloor, meaning: "below the deal's own floor" },
  'below-floor': {
    lossReason: LossReason.BelowAuctionFloor,
    meaning: 'below the floor of the imp, a floor rule or the learned reserve',
  },
  'duplicate-bid': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'the DSP has a better bid with the same id for the same imp',
  },
  'group-repeats-imp': {
    lossReason: LossReason.InvalidBidResponse,
    meaning: 'its all-or-nothing group has more than one bid for an imp',
  },
} as const satisfies Record<string, Reason>;

/** The bid took part and did not win. */
export const LOSSES = {
  outbid: { lossReason: LossReason.LostToHigherBid, meaning: 'a better bid won' },
  'outbid-by-own-seat': {
    lossReason: LossReason.LostToHigherBid,
    meaning: 'another bid of its seat competed for the imp',
  },
  'lost-to-deal': { lossReason: LossReason.LostToDeal, meaning: 'a deal bid won and deals go first' },
  'lost-to-guaranteed': {
    lossReason: LossReason.LostToDeal,
    meaning: 'the impression went to what was sold in advance',
  },
  'displaced-by-group': {
    lossReason: LossReason.LostToHigherBid,
    meaning: 'it would have won, but an all-or-nothing group brought more over all its imps',
  },
  'group-incomplete': {
    lossReason: LossReason.LostToHigherBid,
    meaning: 'another bid of its all-or-nothing group was refused',
  },
  'group-outbid': {
    lossReason: LossReason.LostToHigherBid,
    meaning: 'the other bids for the imps of its all-or-nothing group brought at least as much',
  },
} as const satisfies Record<string, Reason>;

export type RefusalReason = keyof typeof REFUSALS;
export type LostReason = keyof typeof LOSSES;
/** All values of `BidVerdict.reason`; winners say `won`. */
export type VerdictReason = 'won' | RefusalReason | LostReason;

const LOSS_REASONS = new Map<VerdictReason, LossReason>([['won', LossReason.Won]]);
for (const table of [REFUSALS, LOSSES]) {
  for (const [reason, { lossReason }] of Object.entries(table)) LOSS_REASONS.set(reason as VerdictReason, lossReason);
}

/** Loss code that a DSP is told for a reason. */
export function lossReasonOf(reason: VerdictReason): LossReason {
  return LOSS_REASONS.get(reason)!;
}
