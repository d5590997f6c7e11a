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
  // Not ctr * (bidAtAverage / ctrAverage): where the exact value is an integer, the other rounding falls one short.
  return { bid: ({ ctr }) => Math.floor((ctr * bidAtAverage) / ctrAverage) };
}
