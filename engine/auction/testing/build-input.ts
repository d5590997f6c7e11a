/** Test inputs by exception: what a test does not name has a neutral default. Not part of the product. */
import type {
  AuctionDeal,
  AuctionImp,
  AuctionInput,
  AuctionPolicy,
  BannerOffer,
  BidCandidate,
  TimedMediaOffer,
} from '../types.ts';

export interface InputParts extends Partial<Omit<AuctionInput, 'policy' | 'imps' | 'bids'>> {
  readonly policy?: Partial<AuctionPolicy>;
  readonly imps?: readonly Partial<AuctionImp>[];
  readonly bids?: readonly Partial<BidCandidate>[];
}

export const BANNER: BannerOffer = { sizes: [{ w: 300, h: 250 }], ratios: [], blockedAttributes: [], blockedTypes: [] };

export const TIMED_MEDIA: TimedMediaOffer = {
  minDurationSec: null,
  maxDurationSec: null,
  requiredDurationsSec: [],
  protocols: [],
  blockedAttributes: [],
  durationFloors: [],
  minCpmPerSecMicros: null,
};

export function buildInput(parts: InputParts): AuctionInput {
  return {
    auctionId: 'auction-1',
    mechanism: 'gsp',
    currency: 'USD',
    allowedCurrencies: ['USD'],
    conversionRates: {},
    allowedSeats: [],
    blockedSeats: [],
    blockedCategories: [],
    allowedCategories: [],
    categoryTaxonomy: 1,
    blockedAdvertisers: [],
    blockedBundles: [],
    dspBlocks: {},
    allowedLanguages: [],
    ...parts,
    policy: { ...POLICY, ...parts.policy },
    imps: (parts.imps ?? [{}]).map((imp) => ({ ...IMP, ...imp, deals: (imp.deals ?? []).map(buildDeal) })),
    bids: (parts.bids ?? []).map(buildBid),
  };
}

const POLICY: AuctionPolicy = {
  missingCreativeId: 'accept',
  missingAdvertiserDomain: 'accept',
  missingCategory: 'accept',
  bannerSize: 'enforce',
  dealOrder: 'deal_first',
  incrementCpmMicros: 0,
  incrementClickMicros: 0,
  incrementConversionMicros: 0,
  maximumCpmMicros: 1_000_000_000,
  floorRulesBindDeals: false,
};

const IMP: AuctionImp = {
  id: '1',
  placementId: 'top',
  reserveKey: 'pub\u001ftop',
  slotWeights: [1],
  banner: BANNER,
  video: null,
  audio: null,
  native: null,
  secure: false,
  interstitialScreen: null,
  expectedDelaySec: null,
  privateAuction: false,
  deals: [],
  requestFloorCpmMicros: 0,
  ruleFloorCpmMicros: 0,
  learnedFloorCpmMicros: 0,
};

function buildDeal(deal: Partial<AuctionDeal>): AuctionDeal {
  return {
    id: 'deal-1',
    floorCpmMicros: 0,
    auctionType: null,
    seats: [],
    advertiserDomains: [],
    guaranteed: false,
    durationFloors: [],
    minCpmPerSecMicros: null,
    ...deal,
  };
}

/** Every bid comes from a DSP and seat of its own, called by letter: `a`, `b`, … */
export function buildBid(bid: Partial<BidCandidate>, index: number): BidCandidate {
  const letter = index < 26 ? String.fromCharCode(97 + index) : `n${index}`;
  return {
    index,
    dspId: `dsp-${letter}`,
    seat: `seat-${letter}`,
    groupKey: null,
    bidId: `bid-${letter}`,
    impId: '1',
    dealId: null,
    pricing: 'cpm',
    priceMicros: 1_000_000,
    currency: 'USD',
    ctr: 0.01,
    ctrSource: 'prior',
    ctrModel: null,
    cvr: 0.05,
    cvrSource: 'prior',
    cvrModel: null,
    quality: 1,
    advertiserDomains: [`${letter}.example`],
    categories: [],
    categoryTaxonomy: 1,
    bundle: null,
    attributes: [],
    protocol: null,
    language: null,
    width: null,
    height: null,
    wratio: null,
    hratio: null,
    durationSec: null,
    expirySec: null,
    declaredMedia: null,
    sniffedMedia: null,
    creativeId: `creative-${letter}`,
    hasMarkup: true,
    hasWinNoticeUrl: true,
    hasInsecureMarkup: false,
    htmlKind: null,
    hasNativeLink: null,
    nativeAssets: null,
    isGuaranteed: false,
    withheld: null,
    ...bid,
  };
}
