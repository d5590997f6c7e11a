import type { BiddingPolicy } from '../bidding-policy.ts';
import type { ValueTable } from './value-table.ts';

/** Bids by the value of the budget for the auctions to come, knowing the CTR of this one: the published `rlb`. */
export function valueBidder(values: ValueTable): BiddingPolicy {
  return { bid: ({ ctr, budgetLeft, auctionsLeft }) => values.bid(ctr, budgetLeft, auctionsLeft) };
}

/** The same, blind to the CTR of this auction: the published `ss_mdp`. */
export function blindValueBidder(values: ValueTable): BiddingPolicy {
  return { bid: ({ budgetLeft, auctionsLeft }) => values.bid(values.ctrAverage, budgetLeft, auctionsLeft) };
}
