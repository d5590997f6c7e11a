import type { BiddingPolicy } from '../bidding-policy.ts';

/** The concave bid of statistical arbitrage: as `ortb`, in values of a click instead of average CTRs (Zhang and Wang, KDD 2015). */
export function sam2({
  clickValue,
  multiplier,
  curvature,
}: {
  readonly clickValue: number;
  readonly multiplier: number;
  readonly curvature: number;
}): BiddingPolicy {
  const square = curvature * curvature;
  return {
    bid: ({ ctr }) => Math.floor(Math.sqrt(clickValue * curvature * ctr * multiplier + square) - curvature),
  };
}
