import type { BiddingPolicy } from '../bidding-policy.ts';

/**
 * Concave in the CTR, for a chance of winning of price / (price + curvature): bids more on cheap impressions and less on
 * dear ones than a linear bidder (Zhang, Yuan and Wang, KDD 2014).
 */
export function ortb({
  bidAtAverage,
  ctrAverage,
  curvature,
}: {
  readonly bidAtAverage: number;
  readonly ctrAverage: number;
  readonly curvature: number;
}): BiddingPolicy {
  const square = curvature * curvature;
  return {
    bid: ({ ctr }) => Math.floor(Math.sqrt((ctr * curvature * bidAtAverage) / ctrAverage + square) - curvature),
  };
}
