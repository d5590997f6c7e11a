/** What a bidder knows of an auction it may bid in. */
export interface BidOpportunity {
  /** Its estimate of the probability of a click, 0 to 1. */
  readonly ctr: number;
  /** What it may still spend, in units of price; Infinity without a budget. */
  readonly budgetLeft: number;
  /** Auctions that the budget has to last for, this one included; Infinity when nobody knows. */
  readonly auctionsLeft: number;
}

/** What became of a bid. */
export interface BidOutcome {
  readonly isWon: boolean;
  /** What it costs, in units of price; 0 when lost. */
  readonly price: number;
  /** Whether the impression won was clicked. */
  readonly isClicked: boolean;
}

/**
 * How a bidder prices an impression. Prices have whatever unit the policy was made with (the published data: fen per
 * thousand impressions). The caller cuts bids to what budget and auction allow: policies know nothing of either's rules.
 */
export interface BiddingPolicy {
  /** The price for this opportunity, 0 or more; changes nothing. */
  bid(opportunity: BidOpportunity): number;
  /** Told after each auction it has bid in, in order. Policies without feedback have none. */
  learn?(outcome: BidOutcome): void;
}
