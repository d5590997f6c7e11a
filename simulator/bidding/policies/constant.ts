import type { BiddingPolicy } from '../bidding-policy.ts';

/** The same bid for everything: the published `const`. */
export function constant(price: number): BiddingPolicy {
  return { bid: () => price };
}
