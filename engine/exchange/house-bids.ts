/**
 * The bids of our own campaigns in one auction. They enter it beside those of the DSPs, under the same rules: what the
 * publisher blocks, floors, price. Pure; what changes by the second (pace, money, caps) is asked of `LiveTerms`.
 */
import type { BidRequest } from '../../openrtb/types.ts';
import { Contender } from '../auction/contender.ts';
import { checkBlocks } from '../auction/eligibility/blocks.ts';
import { checkCreative, checkCreativeIdentity } from '../auction/eligibility/creative.ts';
import { checkMedia } from '../auction/eligibility/media.ts';
import { compileRequestRules, type ImpRules, type RequestRules } from '../auction/eligibility/request-rules.ts';
import { checkDeal, checkSeat } from '../auction/eligibility/seat-and-deal.ts';
import { stableHash } from '../auction/ranking.ts';
import { priceNanos } from '../campaign/price.ts';
import { isStorableKeyPart } from '../campaign/storable.ts';
import { BestAdvertisers } from '../campaign/targeting/best-advertisers.ts';
import { impFacts, requestFacts } from '../campaign/targeting/facts.ts';
import type { AuctionTerms } from './auction-terms.ts';
import type { HouseBid } from './decision.ts';
import {
  GUARANTEED_WORTH,
  type HouseCatalogue,
  type HouseLine,
  type HouseOffer,
  URGENCY_STEPS,
} from './house-catalogue.ts';
import { billingChance } from './purchases.ts';

/**
 * Bids that enter beside one for each position of the imp. Each costs a place in the auction and in its event: the next
 * for the price, and two for when money or the rules of the auction say no to one of them.
 */
export const SPARE_BIDS = 3;

/** Of accounts by their number in the catalogue. Asked more than once in an auction, each gives the same. */
export interface LiveTerms {
  /**
   * 0: not now. Else at most 1: the share of its booked bid that a line item bids; for a guaranteed one, which always bids
   * all of it, how urgent it is. Asked of every match.
   */
  readonly share: (account: number) => number;
  /**
   * Whether it takes part, and has the money for one purchase at this price that is billed with this chance. Asked of those
   * that would enter.
   */
  readonly mayEnter: (account: number, price: number, chance: number) => boolean;
}

export interface HouseRequest {
  /** As received, without what privacy rules withhold. Its imps are those of the terms, in their order. */
  readonly request: BidRequest;
  readonly terms: AuctionTerms;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
}

export class HouseMarket {
  readonly #catalogue: HouseCatalogue;
  readonly #best: BestAdvertisers;
  readonly #worth: WorthInAuction;

  constructor(catalogue: HouseCatalogue) {
    this.#catalogue = catalogue;
    this.#best = new BestAdvertisers(catalogue.advertiserOf);
    this.#worth = new WorthInAuction(catalogue);
  }

  /**
   * Of each imp, best first. None where the ledger could not keep the ids of publisher or imp: its win could never be told.
   */
  bids({ request, terms, nowMs }: HouseRequest, live: LiveTerms): HouseBid[] {
    const bids: HouseBid[] = [];
    if (this.#catalogue.index.size === 0) return bids;
    const facts = requestFacts(request);
    if (!isStorableKeyPart(facts.publisherId)) return bids;
    const worth = this.#worth;
    worth.enter(compileRequestRules({ ...terms, conversionRates: {}, bids: [] }), live);
    for (let i = 0; i < terms.imps.length; i++) {
      const offer = terms.imps[i]!;
      if (!isStorableKeyPart(offer.id)) continue;
      const matches = this.#catalogue.index.candidates(facts, impFacts(request.imp[i]!, offer, facts), nowMs);
      worth.enterImp(offer.id);
      const countMax = offer.slotWeights.length + SPARE_BIDS;
      const turn = stableHash(terms.auctionId, offer.id);
      const chosen = this.#best.select(matches, countMax, worth.worthNow, worth.mayEnter, turn);
      for (let place = 0; place < chosen.length; place++) {
        const line = this.#catalogue.line(chosen[place]!);
        const share = worth.share(chosen[place]!);
        bids.push(houseBid(line, worth.offers[place]!, share, offer.id, terms.auctionId));
      }
    }
    return bids;
  }
}

/** What line items are worth in the imp at hand. One object for all auctions: it holds what the last one set. */
class WorthInAuction {
  /** The creatives of those that may enter, in the order of asking. */
  offers: HouseOffer[] = [];
  readonly #catalogue: HouseCatalogue;
  #rules!: RequestRules;
  #impRules!: ImpRules;
  #live!: LiveTerms;

  constructor(catalogue: HouseCatalogue) {
    this.#catalogue = catalogue;
  }

  enter(rules: RequestRules, live: LiveTerms): void {
    this.#rules = rules;
    this.#live = live;
  }

  enterImp(impId: string): void {
    this.#impRules = this.#rules.imps.get(impId)!;
    this.offers = [];
  }

  share(slot: number): number {
    return this.#live.share(this.#catalogue.accountOf[slot]!);
  }

  readonly worthNow = (slot: number): number => {
    const share = this.share(slot);
    const worth = this.#catalogue.worth[slot]!;
    return share > 0 && worth === GUARANTEED_WORTH ? worth + share * URGENCY_STEPS : worth * share;
  };

  readonly mayEnter = (slot: number): boolean => {
    const line = this.#catalogue.line(slot);
    const offer = this.#fitting(line);
    const bidMicros = bidMicrosOf(line, this.share(slot));
    if (offer === null || bidMicros === 0) return false;
    const price = line.isGuaranteed ? 1 : priceNanos(line.booked.lineItem.pricing, bidMicros);
    if (!this.#live.mayEnter(this.#catalogue.accountOf[slot]!, price, billingChance(offer.candidate))) return false;
    this.offers.push(offer);
    return true;
  };

  /** The first creative that may serve here: the line item's order is the advertiser's preference. */
  #fitting({ offers }: HouseLine): HouseOffer | null {
    for (const offer of offers) if (this.#mayServe(offer)) return offer;
    return null;
  }

  /** The rules of the auction that a price does not change: a creative that they refuse shall not stand for another. */
  #mayServe({ candidate }: HouseOffer): boolean {
    const contender = new Contender(candidate);
    const { policy } = this.#rules.input;
    return (
      checkSeat(contender, this.#rules) &&
      checkDeal(contender, this.#impRules) &&
      checkMedia(contender, this.#impRules) &&
      checkCreativeIdentity(contender, policy) &&
      checkCreative(contender, this.#impRules.imp, policy) &&
      checkBlocks(contender, this.#rules)
    );
  }
}

function bidMicrosOf({ booked: { lineItem }, isGuaranteed }: HouseLine, share: number): number {
  return isGuaranteed ? lineItem.bidMicros : Math.floor(lineItem.bidMicros * share);
}

function houseBid(
  line: HouseLine,
  { bid, templates, candidate }: HouseOffer,
  share: number,
  impId: string,
  auctionId: string,
): HouseBid {
  const { accountId, booked } = line;
  const { lineItem, campaign, advertiser } = booked;
  const priceMicros = bidMicrosOf(line, share);
  const bidId = `${lineItem.id}-${impId}`;
  return {
    candidate: { ...candidate, bidId, impId, priceMicros },
    bid: { ...bid, id: bidId, impid: impId, price: priceMicros / 1_000_000 },
    response: { id: auctionId, bidid: auctionId, cur: advertiser.currency, seatbids: [] },
    house: { lineItemId: lineItem.id, campaignId: campaign.id, advertiserId: advertiser.id, accountId, templates },
  };
}
