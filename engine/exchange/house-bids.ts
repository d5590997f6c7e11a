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
import type { BookedLineItem } from '../campaign/booked-line-item.ts';
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

/** Each costs a place in the auction and in its event. */
export const HOUSE_BIDS_MAX = 16;

export interface LiveTerms {
  /**
   * 0: not now, to this user. Else at most 1: the share of its booked bid that a line item bids; for a guaranteed one,
   * which always bids all of it, how urgent it is. Asked more than once in an auction, and gives the same.
   */
  readonly share: (booked: BookedLineItem) => number;
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

  constructor(catalogue: HouseCatalogue, bidsMax = HOUSE_BIDS_MAX) {
    this.#catalogue = catalogue;
    this.#best = new BestAdvertisers(bidsMax, catalogue);
    this.#worth = new WorthInAuction(catalogue);
  }

  /**
   * At most so many per imp as the market allows, best first. None where the ledger could not keep the ids of publisher or
   * imp: its win could never be told.
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
      for (const slot of this.#best.select(matches, worth.worthNow, stableHash(terms.auctionId, offer.id))) {
        const line = this.#catalogue.line(slot);
        const share = live.share(line.booked);
        bids.push(houseBid(line, worth.fitting(line)!, share, offer.id, terms.auctionId));
      }
    }
    return bids;
  }
}

/** What line items are worth in the imp at hand. One object for all auctions: it holds what the last one set. */
class WorthInAuction {
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
  }

  readonly worthNow = (slot: number): number => {
    const line = this.#catalogue.line(slot);
    const share = this.#live.share(line.booked);
    if (!(share > 0) || this.fitting(line) === null) return 0;
    if (line.isGuaranteed) return GUARANTEED_WORTH + share * URGENCY_STEPS;
    return Math.floor(line.booked.lineItem.bidMicros * share) === 0 ? 0 : line.worthCpmMicros * share;
  };

  /** The first creative that may serve here: the line item's order is the advertiser's preference. */
  fitting({ offers }: HouseLine): HouseOffer | null {
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

function houseBid(
  { booked, isGuaranteed, accountId }: HouseLine,
  { bid, templates, candidate }: HouseOffer,
  share: number,
  impId: string,
  auctionId: string,
): HouseBid {
  const { lineItem, campaign, advertiser } = booked;
  const priceMicros = isGuaranteed ? lineItem.bidMicros : Math.floor(lineItem.bidMicros * share);
  const bidId = `${lineItem.id}-${impId}`;
  return {
    candidate: { ...candidate, bidId, impId, priceMicros },
    bid: { ...bid, id: bidId, impid: impId, price: priceMicros / 1_000_000 },
    response: { id: auctionId, bidid: auctionId, cur: advertiser.currency, seatbids: [] },
    house: { lineItemId: lineItem.id, campaignId: campaign.id, advertiserId: advertiser.id, accountId, templates },
  };
}
