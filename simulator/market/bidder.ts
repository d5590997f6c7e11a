/** Who a DSP of a market is: whom it buys for, and how it takes to impressions. */
import type { Advertiser } from '../dsp/scenario-schema.ts';
import type { SeededRandom } from '../random.ts';
import type { CampaignAd } from './click-truth.ts';
import type { Scorer } from './impression-scores.ts';

export interface Bidder {
  readonly id: string;
  readonly advertiser: Advertiser;
  readonly scorer: Scorer;
  /** Fen per mille times impressions; Infinity: none. */
  readonly dailyBudgetFen: number;
}

const CREATIVES = 4;

/** `bid.crid` of one of its creatives. */
export function pickCreative({ id }: Bidder, random: SeededRandom): string {
  return `${id}-creative-${random.integer(1, CREATIVES)}`;
}

/** `bid.cid`: it has one campaign. */
export function campaignOf({ id }: Bidder): string {
  return `${id}-campaign`;
}

export function adOf(bidder: Bidder, creativeId: string, width: number, height: number): CampaignAd {
  const { domain, categories } = bidder.advertiser;
  return {
    dspId: bidder.id,
    campaign: campaignOf(bidder),
    creativeId,
    advertiserDomains: [domain],
    categories,
    width,
    height,
    declaredMedia: 'banner',
    sniffedMedia: 'html',
  };
}
