import type { LoggedAuction } from './auction-log.ts';
import type { BiddingPolicy } from './bidding-policy.ts';

/** What a bidder has come to. */
export interface BidTally {
  /** Auctions it has bid in. */
  readonly bids: number;
  readonly imps: number;
  readonly clicks: number;
  /** Sum of the market prices it has paid. */
  readonly cost: number;
}

/** A bidder that goes through a log: second price, against a market whose price is known and does not answer its bids. */
export interface BidReplay {
  readonly tally: BidTally;
  /** The log says that an episode begins. */
  beginEpisode(): void;
  auction(auction: LoggedAuction): void;
}

/**
 * A budget for every episode of so many auctions: bids are cut to what is left of it and to `bidMax`, and a bid that
 * equals the market price wins. What an episode leaves is lost.
 */
export class EpisodeReplay implements BidReplay {
  readonly #policy: BiddingPolicy;
  readonly #auctions: number;
  readonly #budget: number;
  readonly #bidMax: number;
  readonly #tally = { bids: 0, imps: 0, clicks: 0, cost: 0 };
  #auctionsLeft: number;
  #budgetLeft: number;

  constructor(
    policy: BiddingPolicy,
    episode: { readonly auctions: number; readonly budget: number; readonly bidMax: number },
  ) {
    this.#policy = policy;
    this.#auctions = episode.auctions;
    this.#budget = episode.budget;
    this.#bidMax = episode.bidMax;
    this.#auctionsLeft = episode.auctions;
    this.#budgetLeft = episode.budget;
  }

  get tally(): BidTally {
    return this.#tally;
  }

  beginEpisode(): void {
    this.#auctionsLeft = this.#auctions;
    this.#budgetLeft = this.#budget;
  }

  auction(auction: LoggedAuction): void {
    if (this.#auctionsLeft === 0) this.beginEpisode();
    const wanted = this.#policy.bid({
      ctr: auction.ctr,
      budgetLeft: this.#budgetLeft,
      auctionsLeft: this.#auctionsLeft,
    });
    const isWon = Math.min(wanted, this.#bidMax, this.#budgetLeft) >= auction.price;
    settle(this.#policy, this.#tally, auction, isWon);
    if (isWon) this.#budgetLeft -= auction.price;
    this.#auctionsLeft--;
  }
}

/**
 * One budget for the whole log, or none (Infinity): bids are not cut to it, the bidder stops when it has spent more. A bid
 * wins when it is above the market price.
 */
export class CampaignReplay implements BidReplay {
  readonly #policy: BiddingPolicy;
  readonly #budget: number;
  readonly #auctionsMax: number;
  readonly #tally = { bids: 0, imps: 0, clicks: 0, cost: 0 };

  constructor(policy: BiddingPolicy, campaign: { readonly budget: number; readonly auctionsMax: number }) {
    this.#policy = policy;
    this.#budget = campaign.budget;
    this.#auctionsMax = campaign.auctionsMax;
  }

  get tally(): BidTally {
    return this.#tally;
  }

  /** Its budget is not by episode. */
  beginEpisode(): void {}

  auction(auction: LoggedAuction): void {
    if (this.#tally.cost > this.#budget || this.#tally.bids >= this.#auctionsMax) return;
    const bid = this.#policy.bid({
      ctr: auction.ctr,
      budgetLeft: this.#budget - this.#tally.cost,
      auctionsLeft: this.#auctionsMax - this.#tally.bids,
    });
    settle(this.#policy, this.#tally, auction, bid > auction.price);
  }
}

function settle(
  policy: BiddingPolicy,
  tally: { bids: number; imps: number; clicks: number; cost: number },
  { price, isClicked }: LoggedAuction,
  isWon: boolean,
): void {
  tally.bids++;
  if (isWon) {
    tally.imps++;
    tally.cost += price;
    if (isClicked) tally.clicks++;
  }
  policy.learn?.({ isWon, price: isWon ? price : 0, isClicked: isWon && isClicked });
}
