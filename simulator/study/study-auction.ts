/** The engine's own clearing over the study's bids. */
import { clearAuction } from '../../engine/auction/clear.ts';
import type { AuctionImp, AuctionInput, AuctionOutcome, BidCandidate } from '../../engine/auction/types.ts';
import { FORMATS, type StudyRequest } from './study-traffic.ts';

/** One DSP's bid for one imp. */
export interface StudyBid {
  readonly dspId: string;
  readonly impIndex: number;
  readonly priceMicros: number;
}

export interface StudyAuction {
  readonly input: AuctionInput;
  readonly outcome: AuctionOutcome;
  /** Sum of the clearing prices, CPM micros. */
  readonly revenueMicros: number;
}

/** Floors are low, so that competition makes the prices. */
const FLOOR_MICROS = 100_000;

export function clearStudyAuction(auctionId: string, request: StudyRequest, bids: readonly StudyBid[]): StudyAuction {
  const input: AuctionInput = {
    ...TERMS,
    auctionId,
    imps: request.formats.map((format, index) => ({
      ...IMP,
      id: IMP_IDS[index]!,
      requestFloorCpmMicros: Math.round(FLOOR_MICROS * FORMATS[format]!.priceLevel),
    })),
    bids: bids.map(candidate),
  };
  const outcome = clearAuction(input);
  let revenueMicros = 0;
  for (const win of outcome.wins) revenueMicros += win.clearingCpmMicros;
  return { input, outcome, revenueMicros };
}

const TERMS: Omit<AuctionInput, 'auctionId' | 'imps' | 'bids'> = {
  mechanism: 'gsp',
  currency: 'USD',
  allowedCurrencies: ['USD'],
  conversionRates: { USD: 1 },
  allowedSeats: [],
  blockedSeats: [],
  blockedCategories: [],
  allowedCategories: [],
  categoryTaxonomy: 1,
  blockedAdvertisers: [],
  dspBlocks: {},
  blockedBundles: [],
  allowedLanguages: [],
  policy: {
    missingCreativeId: 'accept',
    missingAdvertiserDomain: 'accept',
    missingCategory: 'accept',
    bannerSize: 'ignore',
    dealOrder: 'deal_first',
    incrementCpmMicros: 10_000,
    incrementClickMicros: 0,
    incrementConversionMicros: 0,
    maximumCpmMicros: 1_000_000_000,
    floorRulesBindDeals: false,
  },
};

/** Sizes are the DSPs' affair here: every imp is a banner of any size. */
const IMP: AuctionImp = {
  id: '1',
  placementId: '',
  reserveKey: '',
  slotWeights: [1],
  banner: { sizes: [{ w: 300, h: 250 }], ratios: [], blockedAttributes: [], blockedTypes: [] },
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

/** Written out, since objects made by spreading so many fields are slow to make and to read. */
function candidate({ dspId, impIndex, priceMicros }: StudyBid, index: number): BidCandidate {
  return {
    index,
    dspId,
    seat: dspId,
    groupKey: null,
    bidId: dspId,
    impId: IMP_IDS[impIndex]!,
    dealId: null,
    pricing: 'cpm',
    priceMicros,
    currency: 'USD',
    ctr: 0.01,
    ctrSource: 'prior',
    ctrModel: null,
    cvr: 0.05,
    cvrSource: 'prior',
    cvrModel: null,
    quality: 1,
    advertiserDomains: ADVERTISERS,
    categories: NONE,
    categoryTaxonomy: 1,
    bundle: null,
    attributes: NONE,
    protocol: null,
    language: null,
    width: 300,
    height: 250,
    wratio: null,
    hratio: null,
    durationSec: null,
    expirySec: null,
    declaredMedia: 'banner',
    sniffedMedia: 'html',
    creativeId: 'creative-1',
    hasMarkup: true,
    hasWinNoticeUrl: true,
    hasInsecureMarkup: false,
    hasNativeLink: null,
    nativeAssets: null,
    htmlKind: 'plain',
    isGuaranteed: false,
    withheld: null,
  };
}

const NONE: readonly never[] = [];
const ADVERTISERS: readonly string[] = ['advertiser.example.com'];
const IMP_IDS: readonly string[] = ['1', '2', '3'];
