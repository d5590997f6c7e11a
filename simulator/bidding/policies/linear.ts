import type { BiddingPolicy } from '../bidding-policy.ts';

/**
 * In proportion to the CTR: `bidAtAverage` for an impression of average CTR. The published `lin_bid`, `lin` and `sam1` are
 * this formula, with averages taken and bids tuned in different ways.
 */
export function linear({
  bidAtAverage,
  ctrAverage,
}: {
  readonly bidAtAverage: number;
  readonly ctrAverage: number;
}): BiddingPolicy {
  return { bid: ({ ctr }) => Math.floor((ctr * bidAtAverage) / ctrAverage) };
}
