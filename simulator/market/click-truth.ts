/**
 * What only the market knows: the probability that this user clicks this ad here and now, and what follows. The click world
 * (simulator/clicks) says how user, ad, slot and context go together; the market sets the level of each kind of slot, and
 * users tire of what they have seen before.
 */
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import { type ClickWorld, localHour, type ShownAd } from '../clicks/click-world.ts';
import type { Visibility } from './market-facts.ts';
import type { Exposure, MarketUser } from './users.ts';

export interface Fatigue {
  /** Odds of a click fall by e to the minus this for each doubling of what was seen of the same creative, campaign, advertiser. */
  readonly creative: number;
  readonly campaign: number;
  readonly advertiser: number;
  /** An exposure counts half after this time. */
  readonly halfLifeHours: number;
}

/** The last ones that a user remembers. */
const EXPOSURES_MAX = 32;
const HOUR_MS = 3_600_000;

export interface CampaignAd extends ShownAd {
  readonly campaign: string;
}

export interface ShownImpression {
  /** As the publisher sent it. */
  readonly request: BidRequest;
  readonly imp: Imp;
  readonly ad: CampaignAd;
  readonly visibility: Visibility;
  readonly user: MarketUser;
  /** Wall clock, epoch ms. */
  readonly atMs: number;
}

export class ClickTruth {
  readonly #world: ClickWorld;
  readonly #fatigue: Fatigue;
  /** Odds against the click world's, by size and visibility. */
  readonly #levels = new Map<string, number>();

  constructor(world: ClickWorld, fatigue: Fatigue) {
    this.#world = world;
    this.#fatigue = fatigue;
  }

  /** Of a slot: what its odds of a click are multiplied by. */
  setLevel(size: string, visibility: Visibility, odds: number): void {
    this.#levels.set(`${size} ${visibility}`, odds);
  }

  /** Of a click, 0..1. */
  clickProbability(shown: ShownImpression): number {
    const odds = this.freshClickOdds(shown) * this.tirednessOdds(shown);
    return odds / (1 + odds);
  }

  /** Odds of a click, were nobody tired of the ad. */
  freshClickOdds({ request, imp, ad, visibility, atMs }: Omit<ShownImpression, 'user'>): number {
    const probability = this.#world.clickProbability(request, imp, ad, localHour(request, atMs));
    const level = this.#levels.get(`${ad.width}x${ad.height} ${visibility}`) ?? 1;
    return (probability / (1 - probability)) * level;
  }

  /** Of a conversion after a click, 0..1. */
  conversionProbability({ request, imp, ad }: ShownImpression): number {
    return this.#world.conversionProbability(request, imp, ad);
  }

  /** What odds of a click are multiplied by: 1 for what was never seen, less the more often it was. */
  tirednessOdds({ user, ad, atMs }: ShownImpression): number {
    const { creative, campaign, advertiser, halfLifeHours } = this.#fatigue;
    let sameCreative = 0;
    let sameCampaign = 0;
    let sameAdvertiser = 0;
    for (const exposure of user.exposures) {
      if (exposure.advertiser !== ad.advertiserDomains[0]) continue;
      const weight = 2 ** ((exposure.atMs - atMs) / (halfLifeHours * HOUR_MS));
      sameAdvertiser += weight;
      if (exposure.campaign !== ad.campaign) continue;
      sameCampaign += weight;
      if (exposure.creative === ad.creativeId) sameCreative += weight;
    }
    if (sameAdvertiser === 0) return 1;
    return Math.exp(
      -creative * Math.log2(1 + sameCreative) -
        campaign * Math.log2(1 + sameCampaign) -
        advertiser * Math.log2(1 + sameAdvertiser),
    );
  }

  /** The user has seen it. */
  expose({ user, ad, atMs }: ShownImpression): void {
    const exposure: Exposure = {
      atMs,
      advertiser: ad.advertiserDomains[0] ?? '',
      campaign: ad.campaign,
      creative: ad.creativeId ?? '',
    };
    user.exposures.push(exposure);
    if (user.exposures.length > EXPOSURES_MAX) user.exposures.shift();
  }
}
