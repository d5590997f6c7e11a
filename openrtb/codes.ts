/**
 * Closed code lists of OpenRTB 3.0 (they serve 2.x too) with Gavel's own codes from 500 up.
 * https://github.com/InteractiveAdvertisingBureau/openrtb/blob/main/OpenRTB%20v3.0%20FINAL.md
 */

/** Why no bid is made: `BidResponse.nbr`, list "No-Bid Reason Codes". */
export const NoBidReason = {
  UnknownError: 0,
  TechnicalError: 1,
  InvalidRequest: 2,
  KnownCrawler: 3,
  SuspectedNonHuman: 4,
  ProxyOrDataCentreIp: 5,
  UnsupportedDevice: 6,
  BlockedPublisher: 7,
  UnmatchedUser: 8,
  DailyUserCap: 9,
  DailyDomainCap: 10,
  AdsTxtUnavailable: 11,
  AdsTxtViolation: 12,
  AdsCertUnavailable: 13,
  AdsCertViolation: 14,
  InsufficientTime: 15,
  IncompleteSupplyChain: 16,
  BlockedSupplyChainNode: 17,
  /** Own: the auction ran and no bid was left (none came, all refused, or all under the floor). */
  NoEligibleBid: 500,
  /** Own: shed under load; the same request may be sent again later. */
  Overloaded: 501,
  /** Own: none of the accepted currencies has a rate here. */
  UnsupportedCurrency: 502,
} as const;

export type NoBidReason = (typeof NoBidReason)[keyof typeof NoBidReason];

/** Why a bid lost: `${AUCTION_LOSS}`, list "Loss Reason Codes". */
export const LossReason = {
  Won: 0,
  InternalError: 1,
  OpportunityExpired: 2,
  InvalidBidResponse: 3,
  InvalidDealId: 4,
  InvalidAuctionId: 5,
  MalformedAdvertiserDomain: 6,
  MissingMarkup: 7,
  MissingCreativeId: 8,
  MissingPrice: 9,
  MissingCreativeApprovalData: 10,
  BelowAuctionFloor: 100,
  BelowDealFloor: 101,
  LostToHigherBid: 102,
  LostToDeal: 103,
  SeatBlocked: 104,
  CreativeFiltered: 200,
  CreativePendingProcessing: 201,
  CreativeDisapproved: 202,
  CreativeFilteredSize: 203,
  CreativeFilteredFormat: 204,
  CreativeFilteredAdvertiser: 205,
  CreativeFilteredAppStoreId: 206,
  CreativeFilteredNotSecure: 207,
  CreativeFilteredLanguage: 208,
  CreativeFilteredCategory: 209,
  CreativeFilteredAttribute: 210,
  CreativeFilteredAdType: 211,
  CreativeFilteredAnimationTooLong: 212,
  CreativeFilteredNotAllowedInDeal: 213,
  CreativeFilteredSkAdNetwork: 214,
  CreativeFilteredAppBundle: 215,
} as const;

export type LossReason = (typeof LossReason)[keyof typeof LossReason];

/** `Bid.mtype` (2.6 section 4.2.3): what kind of imp the markup is for. */
export const MarkupType = { Banner: 1, Video: 2, Audio: 3, Native: 4 } as const;

export type MarkupType = (typeof MarkupType)[keyof typeof MarkupType];
